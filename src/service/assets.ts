/**
 * Files that a server answers with as they are.
 *
 * @module
 */

/** One of them. */
export interface Asset {
  /** Its contents. */
  readonly body: Uint8Array<ArrayBuffer> | string;
  /** Its content type. */
  readonly type: string;
}

/** Files by the path that they are asked for by, such as `/` and `/page.js`. */
export type Assets = ReadonlyMap<string, Asset>;

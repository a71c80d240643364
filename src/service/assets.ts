/**
 * Files that a server sends unchanged.
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

/** Files by their request path, such as `/` and `/page.js`. */
export type Assets = ReadonlyMap<string, Asset>;

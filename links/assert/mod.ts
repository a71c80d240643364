// Stands in for jsr:@std/assert where JSR can't be reached: the same code from the std's npm build,
// with the signatures that this project uses. Never published; see deno.json "links".
// deno-lint-ignore-file no-explicit-any ban-types
import * as std from "npm:deno-std@1.4.0/assert/mod.js";

type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

export const assert: (value: unknown, message?: string) => asserts value = (std as any).assert;
export const assertEquals: <T>(actual: T, expected: T, message?: string) => void =
  (std as any).assertEquals;
export const assertNotEquals: <T>(actual: T, expected: T, message?: string) => void =
  (std as any).assertNotEquals;
export const assertAlmostEquals: (
  actual: number,
  expected: number,
  tolerance?: number,
  message?: string,
) => void = (std as any).assertAlmostEquals;
export const assertGreater: <T>(actual: T, expected: T, message?: string) => void =
  (std as any).assertGreater;
export const assertLess: <T>(actual: T, expected: T, message?: string) => void =
  (std as any).assertLess;
export const assertExists: <T>(value: T, message?: string) => asserts value is NonNullable<T> =
  (std as any).assertExists;
export const assertMatch: (actual: string, expected: RegExp, message?: string) => void =
  (std as any).assertMatch;
export const assertStringIncludes: (actual: string, expected: string, message?: string) => void =
  (std as any).assertStringIncludes;
export const assertInstanceOf: (value: unknown, type: Function, message?: string) => void =
  (std as any).assertInstanceOf;
export const assertThrows: <E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
  message?: string,
) => E = (std as any).assertThrows;
export const assertRejects: <E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
  message?: string,
) => Promise<E> = (std as any).assertRejects;

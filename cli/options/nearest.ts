/**
 * The known name that a mistyped one was probably meant to be: the library's own.
 *
 * @module
 */
export { nearest, suggestion } from "../../src/model/nearest.ts";

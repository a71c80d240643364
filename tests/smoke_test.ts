import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli";
import { decode } from "fast-png";
import jpeg from "jpeg-js";
Deno.test("x", () => { assertEquals(parseArgs(["--a=1"]).a, 1); assertEquals(typeof decode, "function"); assertEquals(typeof jpeg.decode, "function"); });

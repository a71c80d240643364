import { assertEquals } from "@std/assert";
import { byteSize, figure, flopCount } from "../../cli/terminal/units.ts";

Deno.test("byteSize(), figure(), and flopCount() read well at any size", () => {
  const figures = [0.01234, 4.567, 99.99, 123.4, 5040, 1234567].map(figure);
  assertEquals(figures, ["0.0123", "4.57", "100", "123", "5,040", "1,234,567"]);
  const sizes = [12, 2048, 6.5 * 2 ** 20, 21479.1 * 2 ** 20, 1023.9 * 2 ** 20].map(byteSize);
  assertEquals(sizes, ["12 B", "2 KiB", "6.5 MiB", "21 GiB", "1 GiB"]);
  assertEquals([40.1e6, 147e9, 1.5e15].map(flopCount), ["40.1 MFLOP", "147 GFLOP", "1.5 PFLOP"]);
});

import { assertEquals } from "@std/assert";
import { readEvents } from "../../page/event_stream.ts";

Deno.test("readEvents() gives whole events from any pieces, without comments", async () => {
  const text =
    ': still here\n\nevent: image\ndata: {"é":1}\n\ndata: a\r\ndata: b\r\n\r\nevent: x\n\nevent: cut';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 7, bytes.length]) {
    const parts = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, i) => bytes.slice(i * size, (i + 1) * size),
    );
    assertEquals(await Array.fromAsync(readEvents(ReadableStream.from(parts))), [
      { event: "image", data: '{"é":1}' },
      { event: "message", data: "a\nb" },
    ]);
  }
});

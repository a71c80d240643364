import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../../src/service/answers.ts";
import { fileAnswer } from "../../src/service/file_answer.ts";

const body = Uint8Array.from({ length: 10 }, (_, i) => i);
const file = { body, type: "application/octet-stream", sha256: "abc" };
const ask = (headers: Record<string, string>) =>
  fileAnswer(new Request("http://localhost/", { headers }), file);

Deno.test("fileAnswer() sends a whole file with its hash as ETag", async () => {
  const answer = ask({});
  assertEquals(answer.status, 200);
  assertEquals(await answer.bytes(), body);
  const { etag, "accept-ranges": ranges, "content-length": length } = Object.fromEntries(
    answer.headers,
  );
  assertEquals([etag, ranges, length], ['"abc"', "bytes", "10"]);
});

Deno.test("fileAnswer() sends the requested range", async () => {
  const cases: [range: string, from: number, to: number][] = [
    ["bytes=0-0", 0, 1],
    ["bytes=2-4", 2, 5],
    ["bytes=7-", 7, 10],
    ["bytes=7-99999999999999999999", 7, 10],
    ["bytes=-3", 7, 10],
    ["bytes=-30", 0, 10],
  ];
  for (const [range, from, to] of cases) {
    const answer = ask({ range });
    assertEquals(answer.status, 206, range);
    assertEquals(answer.headers.get("content-range"), `bytes ${from}-${to - 1}/10`);
    assertEquals(answer.headers.get("content-length"), String(to - from));
    assertEquals(await answer.bytes(), body.slice(from, to), range);
  }
});

Deno.test("fileAnswer() sends the whole file for a bad range, or one of another file", () => {
  for (const range of ["bytes=4-2", "bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes=x-3"]) {
    assertEquals(ask({ range }).status, 200, range);
  }
  assertEquals(ask({ range: "bytes=0-1", "if-range": '"abd"' }).status, 200);
  assertEquals(ask({ range: "bytes=0-1", "if-range": '"abc"' }).status, 206);
});

Deno.test("fileAnswer() refuses a range beyond the end, with the length", () => {
  for (const range of ["bytes=10-", "bytes=10-12", "bytes=-0"]) {
    const error = assertThrows(() => ask({ range }), HttpError, "The file has 10 bytes");
    assertEquals([error.status, error.headers["content-range"]], [416, "bytes */10"]);
  }
});

Deno.test("fileAnswer() sends nothing that the client has", async () => {
  for (const tags of ['"abc"', '"x", "abc"', 'W/"abc"', "*"]) {
    const answer = ask({ "if-none-match": tags, range: "bytes=0-1" });
    assertEquals([answer.status, await answer.text(), answer.headers.get("etag")], [
      304,
      "",
      '"abc"',
    ]);
  }
  assertEquals(ask({ "if-none-match": '"abd"' }).status, 200);
});

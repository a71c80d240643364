/**
 * Server-sent events from the body of an answer: unlike `EventSource`, with the status and the words
 * of a refusal.
 *
 * @module
 */

/** One event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

/** The events in their order; comments are left out. */
export async function* readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<ServerEvent> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += part.value.replaceAll("\r", "");
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const fields = block.split("\n").map((line) => /^(\w+): ?(.*)$/.exec(line) ?? []);
        const valuesOf = (name: string) => fields.filter((f) => f[1] === name).map((f) => f[2]);
        const data = valuesOf("data");
        if (data.length === 0) continue;
        yield { event: valuesOf("event")[0] ?? "message", data: data.join("\n") };
      }
    }
  } finally {
    // Whoever stops reading wants no more.
    await reader.cancel().catch(() => {});
  }
}

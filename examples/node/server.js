// A network as a web service with Node. README.md says how to run it.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { requestCpu, Rin } from "@rin/rin/cpu";
import { createService } from "@rin/rin/service";

const checkpoint = await readFile("net.safetensors");
const rin = await Rin.load(await requestCpu(), checkpoint);
const service = await createService({ rin, checkpoint, name: "net" });

const server = createServer(async (incoming, outgoing) => {
  const left = new AbortController();
  outgoing.once("close", () => left.abort());
  try {
    const { method, headers, url } = incoming;
    const body = ["GET", "HEAD"].includes(method) ? undefined : Readable.toWeb(incoming);
    const asked = { method, headers, body, duplex: "half", signal: left.signal };
    const answer = await service.fetch(new Request(new URL(`http://localhost${url}`), asked));
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body) await pipeline(Readable.fromWeb(answer.body), outgoing);
    else outgoing.end();
  } catch {
    outgoing.destroy(); // the client has left, or asked for what is no URL
  }
});
server.listen(process.env.PORT ?? 8000, () => {
  console.log(`${rin.device.description}: http://localhost:${server.address().port}/`);
});

process.once("SIGTERM", async () => {
  await service.drain();
  server.close(() => process.exit());
});

// A network as a web service with Bun. README.md says how to run it.
import { requestCpu, Rin } from "@rin/rin/cpu";
import { createService } from "@rin/rin/service";

const checkpoint = await Bun.file("net.safetensors").arrayBuffer();
const rin = await Rin.load(await requestCpu(), checkpoint);
const service = await createService({ rin, checkpoint, name: "net" });

const server = Bun.serve({
  port: process.env.PORT ?? 8000,
  idleTimeout: 255, // seconds until the first byte of an answer
  fetch: service.fetch,
});
console.log(`${rin.device.description}: ${server.url}`);

process.once("SIGTERM", async () => {
  await service.drain();
  await server.stop();
  process.exit();
});

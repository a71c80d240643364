// Trains a network on a folder of PNGs and draws a picture with it. README.md says how to run it.
import { decode } from "fast-png";
import { requestDevice, Rin, Trainer } from "@rin/rin";
import { createService } from "@rin/rin/service";

const [folder, steps = "1000"] = Deno.args;

/** An 8-bit PNG as (3, S, S) in [-1, 1]. */
function read(path: string): Float32Array {
  const { data, width, channels } = decode(Deno.readFileSync(path));
  return Float32Array.from({ length: 3 * width ** 2 }, (_, i) => {
    const [channel, pixel] = [Math.floor(i / width ** 2), i % width ** 2];
    return data[pixel * channels + (channels > 2 ? channel : 0)] / 127.5 - 1;
  });
}

const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
const images = names.filter((name) => /\.png$/.test(name)).map((name) => read(`${folder}/${name}`));
const [{ length }] = images;
const batchSize = 16;
const device = await requestDevice();
const network = { imageSize: Math.sqrt(length / 3), patchSize: 4, latentDim: 64, numLatents: 16 };
const trainer = await Trainer.create(device, network, { batchSize, steps: Number(steps) });
while (trainer.stepsDone < Number(steps)) {
  const batch = new Float32Array(batchSize * length);
  const first = trainer.stepsDone * batchSize;
  for (let i = 0; i < batchSize; i++) batch.set(images[(first + i) % images.length], i * length);
  const { step, loss } = await trainer.step(batch);
  if (step % 100 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
}

const checkpoint = await trainer.save();
Deno.writeFileSync("net.safetensors", checkpoint);
const service = await createService({ rin: await Rin.load(device, checkpoint), checkpoint });
const headers = { "content-type": "application/json" };
const asked = { method: "POST", headers, body: '{"seed": 1, "steps": 25}' };
const answer = await service.fetch(new Request("http://localhost/v1/images", asked));
Deno.writeFileSync("picture.png", await answer.bytes());
device.destroy();

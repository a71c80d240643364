// What a user writes to host the service with `deno serve`; the example of docs/service.md.

import { requestGpu, Rin } from "../../sampler.ts";
import { createService } from "../../service.ts";

const checkpoint = await Deno.readFile("net.safetensors");
const rin = await Rin.load(await requestGpu(), checkpoint);
const { fetch } = await createService({ rin, checkpoint, name: "pets" });
export default { fetch };

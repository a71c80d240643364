/**
 * The network of `src/model/`, once more in jax-js on its WebGPU or WebAssembly backend, and its
 * timer.
 *
 * It computes what the golden data say (`checkJaxRin`), in the library's own idiom: its layer
 * normalisation, its attention, one `jit` around the whole.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  type Jax,
  JAX_VERSION,
  type JaxArray,
  type JaxDevice,
  type JaxRecord,
  loadJax,
} from "./jax.ts";
import { adapterName, filler, median, milliseconds, printTable } from "./timing.ts";

/** The sizes of a network; every `RinConfig` has them. */
export interface RinSizes {
  readonly imageSize: number;
  readonly patchSize: number;
  readonly latentDim: number;
  readonly interfaceDim: number;
  readonly numLatents: number;
  readonly numBlocks: number;
  readonly blockDepth: number;
  readonly numHeads: number;
}

/** What {@linkcode timeJaxRin} measured. */
export interface JaxRinTimes {
  /** Milliseconds of each forward pass, with Z_prev. */
  readonly forwardMs: number[];
  /** Milliseconds of each forward and backward pass: the loss and all gradients. */
  readonly gradMs: number[];
  /** Milliseconds of the first call of each: tracing, shader generation, pipelines, one run. */
  readonly compileMs: { readonly forward: number; readonly grad: number };
}

/** Two configurations that the figures are given for. */
export const PEER_CONFIGS: { readonly faces: RinSizes; readonly demo: RinSizes } = {
  faces: sizes(8, 128, 16),
  demo: sizes(4, 64, 32),
};

function sizes(patchSize: number, interfaceDim: number, numLatents: number): RinSizes {
  const same = { imageSize: 32, latentDim: 128, numBlocks: 2, blockDepth: 1, numHeads: 4 };
  return { ...same, patchSize, interfaceDim, numLatents };
}

/** The shape of each parameter, under its name in a checkpoint. */
export function parameterShapes(c: RinSizes): Record<string, number[]> {
  const shapes: Record<string, number[]> = {};
  const { latentDim: dz, interfaceDim: dx, numLatents: m } = c;
  const tokens = (c.imageSize / c.patchSize) ** 2, features = 3 * c.patchSize ** 2;
  const linear = (name: string, out: number, input: number) => {
    shapes[`${name}.weight`] = [out, input];
    shapes[`${name}.bias`] = [out];
  };
  const norm = (name: string, width: number) => {
    shapes[`${name}.weight`] = shapes[`${name}.bias`] = [width];
  };
  const attention = (name: string, width: number, keyWidth: number) => {
    if (width === keyWidth) shapes[`${name}.in_proj_weight`] = [3 * width, width];
    else {
      shapes[`${name}.q_proj_weight`] = [width, width];
      shapes[`${name}.k_proj_weight`] = shapes[`${name}.v_proj_weight`] = [width, keyWidth];
    }
    shapes[`${name}.in_proj_bias`] = [3 * width];
    linear(`${name}.out_proj`, width, width);
  };
  const feedForward = (name: string, width: number) => {
    norm(`${name}.0`, width);
    linear(`${name}.1`, 4 * width, width);
    linear(`${name}.3`, width, 4 * width);
  };
  shapes["tokenizer.pos_embed"] = [1, tokens, dx];
  linear("tokenizer.linear", dx, features);
  norm("tokenizer.layer_norm", dx);
  shapes["latent_initializer.Z_init"] = [1, m, dz];
  norm("latent_initializer.layer_norm", dz);
  linear("latent_initializer.mlp.0", dz, dz);
  linear("latent_initializer.mlp.2", dz, dz);
  linear("time_conditioner.time_mlp.0", 128, 1);
  linear("time_conditioner.time_mlp.2", dz, 128);
  for (let i = 0; i < c.numBlocks; i++) {
    norm(`blocks.${i}.read_norm`, dz);
    attention(`blocks.${i}.read_attention`, dz, dx);
    feedForward(`blocks.${i}.read_mlp`, dz);
    for (let j = 0; j < c.blockDepth; j++) {
      norm(`blocks.${i}.compute_norm.${j}`, dz);
      attention(`blocks.${i}.compute_attention.${j}`, dz, dz);
      feedForward(`blocks.${i}.compute_mlp.${j}`, dz);
    }
    norm(`blocks.${i}.write_norm`, dx);
    attention(`blocks.${i}.write_attention`, dx, dz);
    feedForward(`blocks.${i}.write_mlp`, dx);
  }
  norm("layer_norm", dx);
  linear("readout", features, dx);
  return shapes;
}

/** Builds the network: `(params, xt, t, zPrev) -> [eps, Z]`, t of shape (B, 1). */
function jaxRin({ numpy: np, nn }: Jax, c: RinSizes) {
  const { patchSize: p, numHeads } = c;
  const grid = c.imageSize / p;
  const linear = (x: JaxArray, w: JaxArray, b: JaxArray) => np.matmul(x, w.transpose()).add(b);

  return (params: JaxRecord, xt: JaxArray, t: JaxArray, zPrev: JaxArray): [JaxArray, JaxArray] => {
    const batch = xt.shape[0];
    const dense = (name: string, x: JaxArray) =>
      linear(x, params[`${name}.weight`], params[`${name}.bias`]);
    const norm = (name: string, x: JaxArray) =>
      nn.standardize(x, -1, { epsilon: 1e-5 })
        .mul(params[`${name}.weight`]).add(params[`${name}.bias`]);
    const gelu = (x: JaxArray) => nn.gelu(x, { approximate: false });
    const heads = (x: JaxArray) => x.reshape([batch, x.shape[1], numHeads, x.shape[2] / numHeads]);
    const feedForward = (name: string, x: JaxArray) =>
      dense(`${name}.3`, gelu(dense(`${name}.1`, norm(`${name}.0`, x))));

    /** q from one stream, k and v from the other (or the same). Consumes both. */
    const attention = (name: string, stream: JaxArray, source?: JaxArray) => {
      const width = stream.shape[2], rows = stream.shape[1];
      const biases = params[`${name}.in_proj_bias`], packed = params[`${name}.in_proj_weight`];
      let qkv: JaxArray[];
      if (!source) qkv = np.split(linear(stream, packed, biases), 3, 2);
      else if (packed) {
        const [wq, wkv] = np.split(packed, [width], 0), [bq, bkv] = np.split(biases, [width], 0);
        qkv = [linear(stream, wq, bq), ...np.split(linear(source, wkv, bkv), 2, 2)];
      } else {
        const [bq, bk, bv] = np.split(biases, 3, 0);
        qkv = [
          linear(stream, params[`${name}.q_proj_weight`], bq),
          linear(source.ref, params[`${name}.k_proj_weight`], bk),
          linear(source, params[`${name}.v_proj_weight`], bv),
        ];
      }
      const [q, k, v] = qkv.map(heads);
      const mixed = nn.dotProductAttention(q, k, v).reshape([batch, rows, width]);
      return dense(`${name}.out_proj`, mixed);
    };

    const patches = xt.reshape([batch, 3, grid, p, grid, p])
      .transpose([0, 2, 4, 1, 3, 5]).reshape([batch, grid * grid, 3 * p * p]);
    let x = norm("tokenizer.layer_norm", dense("tokenizer.linear", patches))
      .add(params["tokenizer.pos_embed"]);
    const carried = dense(
      "latent_initializer.mlp.2",
      gelu(dense("latent_initializer.mlp.0", zPrev.ref)),
    );
    let z = norm("latent_initializer.layer_norm", zPrev.add(carried))
      .add(params["latent_initializer.Z_init"]);
    const time = dense(
      "time_conditioner.time_mlp.2",
      nn.silu(dense("time_conditioner.time_mlp.0", t)),
    );
    z = z.add(time.reshape([batch, 1, c.latentDim]));

    for (let i = 0; i < c.numBlocks; i++) {
      const block = `blocks.${i}`;
      z = z.ref.add(attention(`${block}.read_attention`, norm(`${block}.read_norm`, z), x.ref));
      z = z.ref.add(feedForward(`${block}.read_mlp`, z));
      for (let j = 0; j < c.blockDepth; j++) {
        z = z.ref.add(
          attention(`${block}.compute_attention.${j}`, norm(`${block}.compute_norm.${j}`, z)),
        );
        z = z.ref.add(feedForward(`${block}.compute_mlp.${j}`, z));
      }
      x = x.ref.add(attention(`${block}.write_attention`, norm(`${block}.write_norm`, x), z.ref));
      x = x.ref.add(feedForward(`${block}.write_mlp`, x));
    }
    const eps = dense("readout", norm("layer_norm", x))
      .reshape([batch, grid, grid, 3, p, p]).transpose([0, 3, 1, 4, 2, 5])
      .reshape([batch, 3, c.imageSize, c.imageSize]);
    return [eps, z];
  };
}

/** The jitted forward pass, and the jitted loss with its gradient by every parameter. */
function jitted(jax: Jax, c: RinSizes) {
  const network = jaxRin(jax, c);
  const loss = (
    params: JaxRecord,
    xt: JaxArray,
    t: JaxArray,
    zPrev: JaxArray,
    target: JaxArray,
  ) => {
    const [eps, z] = network(params, xt, t, zPrev);
    z.dispose();
    return jax.numpy.mean(jax.numpy.square(eps.sub(target)));
  };
  return { forward: jax.jit(network), lossAndGrad: jax.jit(jax.valueAndGrad(loss)) };
}

const refs = (record: JaxRecord): JaxRecord =>
  Object.fromEntries(Object.entries(record).map(([name, array]) => [name, array.ref]));

/** The network in jax-js on random weights and inputs. Each call ends when the device is done. */
export interface JaxRinRun {
  /** A forward pass with Z_prev. */
  forward(): Promise<void>;
  /** A pass forward and backward: mean squared error, gradients of every parameter. */
  grad(): Promise<void>;
  dispose(): void;
}

/** Makes the network; the first call of each function compiles it. */
export async function startJaxRin(
  config: RinSizes,
  batch: number,
  device: JaxDevice = "webgpu",
): Promise<JaxRinRun> {
  const jax = await loadJax(device);
  let seed = 1;
  const make = (shape: number[], scale: number) =>
    jax.numpy.array(filler(shape.reduce((a, b) => a * b, 1), scale, seed++), { shape });
  const params: JaxRecord = {};
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    params[name] = make(shape, shape.length === 2 ? 1 / Math.sqrt(shape[1]) : 0.5);
  }
  const image = [batch, 3, config.imageSize, config.imageSize];
  const xt = make(image, 1.7), target = make(image, 1.7), t = make([batch, 1], 1);
  const zPrev = make([batch, config.numLatents, config.latentDim], 1.7);
  const { forward, lossAndGrad } = jitted(jax, config);

  // Reading the first output sends the whole program, and the read comes last in the queue. One read
  // costs one of Deno's 11 ms looks at the device; blockUntilReady would map a buffer an output.
  const finish = async ([first, ...others]: JaxArray[]) => {
    await first.data();
    for (const output of others) output.dispose();
  };
  return {
    forward: () => {
      jax.defaultDevice(device);
      return finish(forward(refs(params), xt.ref, t.ref, zPrev.ref));
    },
    grad: () => {
      jax.defaultDevice(device); // Another backend may have run in between.
      const [loss, grads] = lossAndGrad(refs(params), xt.ref, t.ref, zPrev.ref, target.ref);
      return finish([loss, ...Object.values(grads)]);
    },
    dispose: () => {
      for (const array of [...Object.values(params), xt, target, t, zPrev]) array.dispose();
    },
  };
}

/** Times the network: `repeats` passes of each kind, after one untimed call of each. */
async function timeJaxRin(
  config: RinSizes,
  batch: number,
  { repeats, device }: { repeats: number; device?: JaxDevice },
): Promise<JaxRinTimes> {
  const run = await startJaxRin(config, batch, device);
  const compileMs = { forward: await milliseconds(run.forward), grad: 0 };
  const forwardMs: number[] = [], gradMs: number[] = [];
  for (let i = 0; i < repeats; i++) forwardMs.push(await milliseconds(run.forward));
  compileMs.grad = await milliseconds(run.grad);
  for (let i = 0; i < repeats; i++) gradMs.push(await milliseconds(run.grad));
  run.dispose();
  return { forwardMs, gradMs, compileMs };
}

/** The largest errors of {@linkcode checkJaxRin}. */
export interface JaxRinErrors {
  /** Of the predicted noise and of Z, absolute. */
  readonly forward: number;
  /** Of a gradient, relative to that tensor's largest value (or to 1e-3 where it is smaller). */
  readonly gradient: number;
  /** The parameter with that gradient. */
  readonly worst: string;
}

/** Runs the network on golden data (a safetensors file such as `tests/golden/A_tiny`). */
async function checkJaxRin(path: string, device?: JaxDevice): Promise<JaxRinErrors> {
  const bytes = await Deno.readFile(path);
  const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  type Entry = { shape: number[]; data_offsets: [number, number] };
  const header: Record<string, Entry> & { __metadata__: Record<string, string> } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes)),
  );
  const values = (name: string) => {
    const [start, end] = header[name].data_offsets.map((offset) => 8 + headerBytes + offset);
    return new Float32Array(bytes.slice(start, end).buffer);
  };
  const g = JSON.parse(header.__metadata__.config);
  const config: RinSizes = {
    imageSize: g.image_size,
    patchSize: g.patch_size,
    latentDim: g.latent_dim,
    interfaceDim: g.interface_dim,
    numLatents: g.num_latents,
    numBlocks: g.num_blocks,
    blockDepth: g.block_depth,
    numHeads: g.num_heads,
  };
  const jax = await loadJax(device);
  const load = (name: string, shape = header[name].shape) =>
    jax.numpy.array(values(name), { shape });
  const params: JaxRecord = {};
  for (const name of Object.keys(parameterShapes(config))) params[name] = load(name);
  const inputs = () =>
    [load("in.xt"), load("in.t", [header["in.t"].shape[0], 1]), load("in.Z_prev")] as const;
  const { forward, lossAndGrad } = jitted(jax, config);
  const difference = async (array: JaxArray, name: string) => {
    const expected = values(name), found = await array.data();
    if (found.length !== expected.length) throw new Error(`${name}: wrong length ${found.length}`);
    const largest = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const error = found.reduce((a, b, i) => Math.max(a, Math.abs(b - expected[i])), 0);
    return { error, relative: error / Math.max(largest, 1e-3) };
  };
  const [eps, z] = forward(refs(params), ...inputs());
  const forwardErrors = [await difference(eps, "warm.noise_pred"), await difference(z, "warm.Z")];
  const [loss, grads] = lossAndGrad(params, ...inputs(), load("in.noise"));
  forwardErrors.push(await difference(loss, "warm.loss"));
  let gradient = 0, worst = "";
  for (const [name, grad] of Object.entries(grads)) {
    const { relative } = await difference(grad, `grad.${name}`);
    if (relative > gradient) [gradient, worst] = [relative, name];
  }
  return { forward: Math.max(...forwardErrors.map((e) => e.error)), gradient, worst };
}

if (import.meta.main) {
  const [which = "faces", repeats = "5", batch = "32", device = "webgpu"] = Deno.args;
  if (device !== "webgpu" && device !== "wasm") throw new Error(`Unknown backend "${device}"`);
  const name = device === "webgpu" ? await adapterName() : "WebAssembly";
  console.log(`${name}; jax-js ${JAX_VERSION}`);
  if (which === "check") {
    const golden = new URL("../../tests/golden/", import.meta.url);
    for (const file of ["A_tiny", "B_odd"]) {
      const path = fileURLToPath(new URL(`${file}.safetensors`, golden));
      console.log(file, await checkJaxRin(path, device));
    }
  } else {
    if (which !== "faces" && which !== "demo") throw new Error(`Unknown config "${which}"`);
    const times = await timeJaxRin(PEER_CONFIGS[which], Number(batch), {
      repeats: Number(repeats),
      device,
    });
    const row = (name: string, compile: number, ms: number[]) => [
      name,
      median(ms).toFixed(0),
      Math.min(...ms).toFixed(0),
      Math.max(...ms).toFixed(0),
      (compile / 1000).toFixed(1),
    ];
    printTable([`${which}, batch ${batch}`, "median ms", "least", "most", "first call s"], [
      row("forward", times.compileMs.forward, times.forwardMs),
      row("forward + backward", times.compileMs.grad, times.gradMs),
    ]);
  }
  Deno.exit(0);
}

/**
 * What follows a matrix product, element by element: as the end of the product's own kernel, or as
 * a kernel by itself.
 *
 * @module
 */
import { type Activation, activations } from "./activation.ts";
import {
  type Binding,
  forEach,
  laneType,
  laneWidth,
  type Launch,
  launch,
  linearGrid,
  read,
  write,
} from "./kernel.ts";

/** What is done to y, an element of the product with its bias, in this order. */
export interface EpilogueOptions {
  /** Keeps y as `pre` and applies an activation. */
  readonly activation?: Activation;
  /** Multiplies by the derivative of this activation at `pre`. */
  readonly derivative?: Activation;
  /** Adds `residual`. */
  readonly residual?: boolean;
  /** Adds to what `out` holds. */
  readonly accumulate?: boolean;
}

/** Whether there is anything to do. */
export function hasEpilogue(options: EpilogueOptions): boolean {
  const { activation, derivative, residual, accumulate } = options;
  return activation !== undefined || derivative !== undefined || residual === true ||
    accumulate === true;
}

/** WGSL functions that {@linkcode finish} calls, on a type `T`. */
export function functions({ activation, derivative }: EpilogueOptions): string {
  const used = activation ?? derivative;
  return used ? activations[used] : "";
}

/** WGSL statements that turn `y` into what is to be stored at `i` of `out`, counted from p.out. */
export function finish({ activation, derivative, residual, accumulate }: EpilogueOptions): string {
  return [
    derivative ? "y *= derivative(pre[i]);" : "",
    activation ? "y = activate(y);" : "",
    residual ? "y += residual[i];" : "",
    accumulate ? "y += out[p.out + i];" : "",
  ].filter((line) => line !== "").map((line) => `  ${line}\n`).join("");
}

/**
 * out = the epilogue of product (size). With an activation the product is itself what `pre` names.
 * Binds product, then where asked for residual, pre (for `derivative`), then out, whose first
 * element is `origin`.
 */
export function epilogue(
  { size, origin, ...options }: EpilogueOptions & { size: number; origin: number },
): Launch {
  const width = laneWidth(size, origin);
  const array = `array<${laneType(width)}>`;
  const bindings: (Binding | false)[] = [
    read("product", array),
    options.residual === true && read("residual", array),
    options.derivative !== undefined && read("pre", array),
    write("out", array),
  ];
  return launch(
    "epilogue",
    { count: size / width, out: origin / width },
    bindings,
    linearGrid(size / width),
    `alias T = ${laneType(width)};\n${functions(options)}${
      forEach("p.count", `  var y = product[i];\n${finish(options)}  out[p.out + i] = y;`)
    }`,
  );
}

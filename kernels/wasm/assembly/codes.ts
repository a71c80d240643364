/**
 * The number of each kernel in a tape. The CPU's lowering and the AssemblyScript kernels share it.
 */
export const COPY = 0;
export const ADD = 1;
export const SUM_MIDDLE = 2;
export const LAYER_NORM = 3;
export const LAYER_NORM_INPUT_GRADIENT = 4;
export const LAYER_NORM_AFFINE_GRADIENT = 5;
export const MATMUL = 8;
export const ATTENTION = 10;
export const ATTENTION_GRADIENT = 11;
export const PATCHIFY = 12;
export const ADD_ROWS = 13;
export const BEGIN_LATENTS = 14;
export const JOIN_LATENTS = 15;
export const GATHER_ROWS = 16;
export const GATHER_ROWS_GRADIENT = 17;
export const MASK_ROWS = 18;
export const DROPOUT = 19;
export const STOCHASTIC_DEPTH = 20;
export const NORMALS = 21;
export const ADD_NOISE = 22;
export const OFFSET_NOISE = 23;
export const SQUARED_ERROR = 24;
export const GUIDE = 25;
export const SAMPLER_STEP = 26;
export const THRESHOLDS = 27;
export const SLERP = 28;
export const PLACE_IMAGE = 29;
export const PARTIAL_MOMENTS = 30;
export const MOMENTS = 31;
export const JUDGE_STEP = 32;
export const ADAM_W = 33;
export const LAMB_STEP = 34;
export const TRUST_RATIO = 35;
export const LAMB_UPDATE = 36;
export const UNFOLD = 37;
export const POOL = 38;
export const RECTIFY = 39;

/** Bytes of one entry of a tape. */
export const ENTRY_BYTES = 128;

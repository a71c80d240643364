/**
 * The number of each kernel in a tape. The CPU's lowering and the AssemblyScript kernels share it.
 */
export const COPY = 0;
export const ADD = 1;
export const SUM_MIDDLE = 2;
export const LAYER_NORM = 3;
export const LAYER_NORM_INPUT_GRADIENT = 4;
export const LAYER_NORM_AFFINE_GRADIENT = 5;
export const MATMUL = 6;
export const ATTENTION = 7;
export const ATTENTION_GRADIENT = 8;
export const PATCHIFY = 9;
export const ADD_ROWS = 10;
export const BEGIN_LATENTS = 11;
export const JOIN_LATENTS = 12;
export const GATHER_ROWS = 13;
export const GATHER_ROWS_GRADIENT = 14;
export const MASK_ROWS = 15;
export const DROPOUT = 16;
export const STOCHASTIC_DEPTH = 17;
export const NORMALS = 18;
export const ADD_NOISE = 19;
export const OFFSET_NOISE = 20;
export const SQUARED_ERROR = 21;
export const GUIDE = 22;
export const SAMPLER_STEP = 23;
export const THRESHOLDS = 24;
export const SLERP = 25;
export const PLACE_IMAGE = 26;
export const PARTIAL_MOMENTS = 27;
export const MOMENTS = 28;
export const JUDGE_STEP = 29;
export const ADAM_W = 30;
export const LAMB_STEP = 31;
export const TRUST_RATIO = 32;
export const LAMB_UPDATE = 33;
export const UNFOLD = 34;
export const POOL = 35;
export const RECTIFY = 36;

/** Bytes of one entry of a tape. */
export const ENTRY_BYTES = 128;

/** Sizes that the kernels and the CPU's lowering share. */

/** Floats in a tile of the kernels that work element by element. */
export const CHUNK = 16384;

/** Rows of the partial sums that a squared error leaves. */
export const PARTIALS = 1024;

/** Bytes of scratch memory that `normals` needs: eight floats. */
export const NORMALS_SCRATCH = 32;

/** Bytes of scratch memory that `thresholds` needs: a count for each of 2048 digits. */
export const THRESHOLDS_SCRATCH = 8192;

// A network that is made and sampled in no time.

/** Its config. */
export const TINY = { imageSize: 8, patchSize: 4, latentDim: 8, numLatents: 4, numHeads: 2 };

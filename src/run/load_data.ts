/**
 * Loads a run's images, or clips, and reports on the way.
 *
 * @module
 */
import { loadSplits, type Splits } from "../data/dataset.ts";
import type { ExampleConfig } from "../model/example.ts";
import { type ImageSize, sidesOf, sizeOf } from "../model/image_size.ts";
import { RunError } from "./errors.ts";
import type { DataEvent } from "./events.ts";
import type { RunOptions } from "./options.ts";

/** Settings of a run that decide which images it sees. */
export type DataSettings =
  & Pick<RunOptions, "data" | "validFraction" | "labelAttribute">
  & Partial<Pick<RunOptions, "labels" | "folders" | "cropScale" | "frameStride">>;

/**
 * Loads images, or clips, of the network's size. The caller closes them.
 *
 * @param emit receives events; an error that it throws stops decoding, which resumes there the next
 * time
 * @throws {RunError} when no data source is named
 * @throws {DataError} when the source can't be used
 */
export async function loadData(
  {
    data,
    validFraction,
    labels = "none",
    folders,
    labelAttribute,
    cropScale = 1,
    frameStride = 1,
  }: DataSettings,
  { imageSize, channels, frames }: ExampleConfig,
  emit: (event: DataEvent) => void,
): Promise<Splits> {
  const clips = frames > 1;
  if (data === "") {
    throw new RunError((nameOf) =>
      `This preset comes without ${clips ? "clips" : "images"}: give ${nameOf("data", "DIR")}, a ` +
      `folder of ${
        clips
          ? "GIF or animated PNG files or of folders of numbered frames"
          : "pictures or of CelebA"
      }`
    );
  }
  const splits = await loadSplits({
    source: data,
    imageSize: enlarged(imageSize, cropScale),
    channels,
    frames,
    frameStride,
    validFraction,
    labels: { from: labels, attribute: labelAttribute },
    folders,
    onNote: (sentence) => emit({ type: "note", sentence }),
    onProgress: (done, total) => emit({ type: "decoding", source: data, clips, done, total }),
  });
  try {
    emit({ type: "data", source: data, frames, splits });
    return splits;
  } catch (thrown) {
    splits.close();
    throw thrown;
  }
}

function enlarged(imageSize: ImageSize, factor: number): ImageSize {
  const { width, height } = sidesOf(imageSize);
  return sizeOf({ width: Math.round(width * factor), height: Math.round(height * factor) });
}

/// <reference lib="dom" />
/**
 * Files that the visitor drops on the page or chooses.
 *
 * @module
 */
import { find } from "./dom.ts";

/** Calls `onFile` with each. */
export function takeFiles(onFile: (file: File) => void): void {
  const over = find("over");
  const input = find<HTMLInputElement>("file");
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    if (file) onFile(file);
    // The same file again is a choice, too.
    input.value = "";
  });
  const hasFile = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    over.hidden = false;
  });
  addEventListener("dragleave", ({ relatedTarget }) => {
    if (relatedTarget === null) over.hidden = true;
  });
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    over.hidden = true;
    const [file] = event.dataTransfer!.files;
    if (file) onFile(file);
  });
}

import { setFlagsFromString } from "node:v8";

let told = false;

/**
 * Rows die young and little stays, but V8 lets garbage pile up to what the machine could hold: a gigabyte where 200 MB
 * live. Collecting when the heap has grown by two fifths costs little and halves the peak. From the first load on: what a
 * program reads at its start is no garbage, and to look through it again and again costs a short command a tenth.
 * Of the young rows so little is left that to share the work among threads costs more than the work.
 */
export const collectOften = (): void => {
  if (told) return;
  told = true;
  setFlagsFromString("--heap-growing-percent=40");
  setFlagsFromString("--no-parallel-scavenge");
};

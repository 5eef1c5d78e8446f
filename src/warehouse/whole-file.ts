import { chmod, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { randomUUID } from "node:crypto";

/** The folder's own entry: without it a rename may be forgotten when the power goes. */
const syncFolder = async (folder: string): Promise<void> => {
  // Windows opens no folders.
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
};

/**
 * Writes a file that holds something of the user's: beside it, down to the disk, and then in its place. A full disk or a
 * kill leaves the file of before, whole. The mode holds from the first byte on.
 */
export const writeWhole = async (
  file: string,
  text: string,
  options: { readonly mode: number },
): Promise<void> => {
  const half = `${file}.${randomUUID().slice(0, 8)}`;
  try {
    const handle = await open(half, "wx", options.mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // The mask of the process may have taken away more than the mode says.
    await chmod(half, options.mode);
    await rename(half, file);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
};

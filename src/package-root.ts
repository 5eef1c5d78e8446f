import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const rootAbove = (folder: string): string => {
  if (existsSync(join(folder, "package.json"))) return folder;
  const parent = dirname(folder);
  if (parent === folder)
    throw new Error("the package is not whole: there is no package.json; install it again");
  return rootAbove(parent);
};

/** The folder of the package: migrations and data lie in it, whether this runs from source or as built. */
export const packageRoot = rootAbove(import.meta.dirname);

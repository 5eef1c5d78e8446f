import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A file of the page, by the name under which it is served. */
export interface PageFile {
  readonly name: string;
  readonly body: Buffer;
}

const source = join(import.meta.dirname, "page");

export const hashed = (stem: string, ending: string, body: Uint8Array): PageFile => ({
  name: `${stem}-${createHash("sha256").update(body).digest("hex").slice(0, 12)}.${ending}`,
  body: Buffer.from(body),
});

/** Bundles the page from source. esbuild is not in the package: only a checkout can do this. */
export const buildPage = async (): Promise<readonly PageFile[]> => {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(source, "main.tsx"), join(source, "style.css")],
    outdir: "out",
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    charset: "utf8",
    legalComments: "none",
  });
  const bodyOf = (ending: string): Uint8Array => {
    const file = outputFiles.find(({ path }) => path.endsWith(ending));
    if (file === undefined) throw new Error(`esbuild made no ${ending}`);
    return file.contents;
  };
  const script = hashed("main", "js", bodyOf("main.js"));
  const style = hashed("style", "css", bodyOf("style.css"));
  const template = await readFile(join(source, "index.html"), "utf8");
  const index = template.replace("main.js", script.name).replace("style.css", style.name);
  return [{ name: "index.html", body: Buffer.from(index) }, script, style];
};

import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { expect, test } from "vitest";

/**
 * Imports run one way: cli, commands, app -> jobs, web -> connectors, metrics, alerts, imports, warehouse -> domain.
 * Each layer says which others it may use besides itself and the domain.
 */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  log: [],
  "package-root": [],
  connectors: [],
  // A config holds the connectors' settings and the rules of alerts and first-party data.
  config: ["connectors", "alerts", "metrics", "imports"],
  warehouse: ["connectors"],
  metrics: ["connectors", "warehouse", "imports"],
  imports: ["connectors", "metrics", "warehouse"],
  alerts: ["metrics", "warehouse", "connectors", "config"],
  web: ["alerts", "config", "connectors", "log", "metrics", "warehouse"],
  jobs: ["alerts", "app", "config", "connectors", "imports", "log", "metrics", "warehouse", "web"],
  app: ["config", "connectors", "log", "warehouse"],
};

/** What stands above every layer may use them all. */
const above = new Set(["cli", "commands"]);

const root = join(import.meta.dirname, "..", "src");

const imports = async (): Promise<
  { file: string; target: string; specifier: string; typeOnly: boolean }[]
> => {
  const files = (await readdir(root, { recursive: true })).filter((name) => /\.tsx?$/.test(name));
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join(root, file), "utf8");
      return [
        ...text.matchAll(/^\s*(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"/gm),
        ...text.matchAll(/\b(import)\(\s*"([^"]+)"\s*\)/g),
      ].map(([, kind, specifier = ""]) => ({
        file,
        specifier,
        typeOnly: kind?.trim() === "type",
        target: specifier.startsWith(".") ? relative(root, join(root, file, "..", specifier)) : specifier,
      }));
    }),
  );
  return found.flat();
};

/** `connectors/google/index.ts` is of the layer `connectors`, `app.ts` of the layer `app`. */
const layerOf = (path: string): string => path.split("/")[0]?.replace(/\.tsx?$/, "") ?? "";

test("imports run one way through the layers", async () => {
  const all = (await imports()).filter(({ specifier }) => specifier.startsWith("."));
  expect(all.length).toBeGreaterThan(100);
  const unknown = new Set(
    all.map(({ file }) => layerOf(file)).filter((layer) => !(layer in mayUse) && !above.has(layer)),
  );
  expect([...unknown]).toEqual([]);
  const wrong = all.filter(({ file, target }) => {
    const [from, to] = [layerOf(file), layerOf(target)];
    return (
      !above.has(from) &&
      from !== to &&
      to !== "domain" &&
      to !== "package-root" &&
      !mayUse[from]?.includes(to)
    );
  });
  expect(wrong.map(({ file, target }) => `${file} -> ${target}`)).toEqual([]);
});

test("a connector imports no other, and only the light part of an SDK is imported, in its connector", async () => {
  const all = await imports();
  const folderOf = (path: string): string | undefined => /^connectors\/(?!wire\/)([^/]+)\//.exec(path)?.[1];
  const platforms = new Set(all.flatMap(({ file }) => folderOf(file) ?? []));
  expect(platforms.size).toBeGreaterThan(2);
  const crossing = all.filter(({ file, target }) => {
    const [own, other] = [folderOf(file), folderOf(target)];
    return own !== undefined && other !== undefined && own !== other;
  });
  expect(crossing.map(({ file, target }) => `${file} -> ${target}`)).toEqual([]);
  // What an SDK weighs is seldom worth what it does: of Google's only the number of its version is loaded, of Meta's
  // nothing. The tests hold both against what is sent.
  const loaded = all.filter(({ specifier }) =>
    /^(google-ads-|google-gax|facebook-nodejs|@grpc)/.test(specifier),
  );
  expect(loaded.map(({ file, specifier }) => `${file} <- ${specifier}`)).toEqual([
    "connectors/google/api.ts <- google-ads-api/build/src/version.js",
  ]);
});

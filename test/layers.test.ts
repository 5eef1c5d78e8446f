import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { beforeAll, expect, test } from "vitest";

/**
 * Every arrow between the layers, and no other: a layer uses what stands above it here, as far as it says so. An arrow
 * that nobody needs any more must go from the table.
 */
const uses: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  "package-root": [],
  version: ["package-root"],
  log: ["domain"],
  connectors: ["domain", "version"],
  warehouse: ["connectors", "domain", "package-root"],
  metrics: ["connectors", "domain", "package-root", "warehouse"],
  imports: ["connectors", "domain", "metrics", "warehouse"],
  // Webhooks go over the connectors' wire.
  alerts: ["connectors", "domain", "metrics", "warehouse"],
  // Each source maps into the imports, over the connectors' wire.
  sources: ["connectors", "domain", "imports", "metrics", "warehouse"],
  // A digest goes the way of the notices.
  digest: ["alerts", "connectors", "domain", "metrics", "warehouse"],
  // A config holds the connectors' settings and the rules of alerts and first-party data.
  config: ["alerts", "connectors", "digest", "domain", "metrics", "package-root", "sources"],
  app: ["config", "connectors", "domain", "warehouse"],
  web: ["alerts", "connectors", "domain", "metrics", "version", "warehouse"],
  sync: ["alerts", "config", "connectors", "domain", "metrics", "sources", "warehouse"],
  jobs: ["config", "connectors", "domain", "metrics", "sync", "warehouse"],
  // It stands beside src, plays the platforms, and knows the product by its days and decimals alone.
  sandbox: ["domain"],
  commands: [
    "alerts",
    "app",
    "config",
    "connectors",
    "digest",
    "domain",
    "imports",
    "jobs",
    "log",
    "metrics",
    "package-root",
    "sandbox",
    "sync",
    "version",
    "sources",
    "warehouse",
    "web",
  ],
  cli: ["commands", "version"],
};

/** A layer's own folder, or file: `src/connectors/google/index.ts` is of `connectors`, `src/app.ts` of `app`. */
const layerOf = (path: string): string =>
  path.split("/")[path.startsWith("src/") ? 1 : 0]?.replace(/\.ts$/, "") ?? "";

const folderOf = (path: string): string => path.split("/").slice(0, -1).join("/");

/** The platform whose own folder a file of a connector lies in. */
const platformOf = (path: string): string | undefined =>
  /^src\/connectors\/(?!wire\/)([^/]+)\//.exec(path)?.[1];

interface Import {
  readonly file: string;
  /** A file of ours, from the package's root, or the name of a package. */
  readonly target: string;
  readonly specifier: string;
}

const root = join(import.meta.dirname, "..");
let files: readonly string[] = [];
let imports: readonly Import[] = [];

beforeAll(async () => {
  files = (
    await Promise.all(
      ["src", "sandbox"].map(async (folder) =>
        (await readdir(join(root, folder), { recursive: true }))
          .filter((name) => /\.tsx?$/.test(name))
          .map((name) => `${folder}/${name}`),
      ),
    )
  ).flat();
  imports = (
    await Promise.all(
      files.map(async (file) => {
        const text = await readFile(join(root, file), "utf8");
        return [
          ...text.matchAll(/^\s*(?:import|export)\s[^"';]*?from\s+"([^"]+)"/gm),
          ...text.matchAll(/^\s*import\s+"([^"]+)"/gm),
          ...text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g),
        ].map(([, specifier = ""]) => ({
          file,
          specifier,
          target: specifier.startsWith(".") ? relative(root, join(root, file, "..", specifier)) : specifier,
        }));
      }),
    )
  ).flat();
});

/** Imports among our own files. */
const inside = (): readonly Import[] => {
  const known = new Set(files);
  const found = imports.filter(({ target }) => known.has(target));
  // Nothing read, or nothing understood, would pass everything below.
  expect(files.length).toBeGreaterThan(300);
  expect(found.length).toBeGreaterThan(1_000);
  return found;
};

/** What lies on a circle: all that stays when whatever points at nothing is taken away, again and again, both ways. */
const circles = (arrows: readonly (readonly [from: string, to: string])[]): string[] => {
  let left = arrows.filter(([from, to]) => from !== to);
  for (let before = -1; before !== left.length;) {
    before = left.length;
    const [sources, targets] = [new Set(left.map(([from]) => from)), new Set(left.map(([, to]) => to))];
    left = left.filter(([from, to]) => sources.has(to) && targets.has(from));
  }
  return [...new Set(left.map(([from, to]) => `${from} -> ${to}`))].sort();
};

test("every arrow between two layers is in the table, and every arrow of the table is needed", () => {
  const drawn = new Set(
    inside()
      .map(({ file, target }) => [layerOf(file), layerOf(target)])
      .filter(([from, to]) => from !== to)
      .map(([from, to]) => `${from ?? ""} -> ${to ?? ""}`),
  );
  const listed = Object.entries(uses).flatMap(([from, targets]) => targets.map((to) => `${from} -> ${to}`));
  expect([...drawn].sort()).toEqual(listed.sort());
});

test("a layer uses none that stands below it in the table", () => {
  const order = Object.keys(uses);
  expect(new Set(files.map(layerOf))).toEqual(new Set(order));
  const upwards = order.flatMap((from, place) =>
    (uses[from] ?? []).filter((to) => order.indexOf(to) >= place).map((to) => `${from} -> ${to}`),
  );
  expect(upwards).toEqual([]);
});

test("no file imports itself by way of others, not even for a type", () => {
  expect(circles(inside().map(({ file, target }) => [file, target]))).toEqual([]);
});

test("no two folders need each other, but one and a folder inside it", () => {
  const arrows = inside()
    .map(({ file, target }): [string, string] => [folderOf(file), folderOf(target)])
    .filter(([from, to]) => !from.startsWith(`${to}/`) && !to.startsWith(`${from}/`));
  expect(arrows.length).toBeGreaterThan(200);
  expect(circles(arrows)).toEqual([]);
});

test("an exported type's name means one thing", async () => {
  // A platform's own folder may speak the platform's language.
  const ours = files.filter((file) => file.startsWith("src/") && platformOf(file) === undefined);
  const texts = await Promise.all(ours.map((file) => readFile(join(root, file), "utf8")));
  const names = texts.flatMap((text) =>
    [...text.matchAll(/^export (?:type|interface|class) (\w+)/gm)].map(([, name = ""]) => name),
  );
  expect(names.length).toBeGreaterThan(300);
  expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
});

test("a connector imports no other, and only the light part of an SDK is imported, in its connector", () => {
  inside();
  const platforms = new Set(imports.flatMap(({ file }) => platformOf(file) ?? []));
  expect(platforms.size).toBeGreaterThan(2);
  const crossing = imports.filter(({ file, target }) => {
    const [own, other] = [platformOf(file), platformOf(target)];
    return own !== undefined && other !== undefined && own !== other;
  });
  expect(crossing.map(({ file, target }) => `${file} -> ${target}`)).toEqual([]);
  // What an SDK weighs is seldom worth what it does: of Google's only the number of its version is loaded, of Meta's
  // nothing. The tests hold both against what is sent.
  const loaded = imports.filter(({ specifier }) =>
    /^(google-ads-|google-gax|facebook-nodejs|@grpc)/.test(specifier),
  );
  expect(loaded.map(({ file, specifier }) => `${file} <- ${specifier}`)).toEqual([
    "src/connectors/google/api.ts <- google-ads-api/build/src/version.js",
  ]);
});

test("only the wire sends requests to others, so that proxy, limits and aborts hold for each", async () => {
  // The page runs in a browser and asks its own server.
  const ours = files.filter((file) => file.startsWith("src/") && !file.startsWith("src/web/page/"));
  const senders = await Promise.all(
    ours.map(async (file) => {
      // A server, such as the one that waits for a redirect, sends nothing to others.
      const text = (await readFile(join(root, file), "utf8")).replaceAll(
        'import { createServer } from "node:http"',
        "",
      );
      return /(?<![.\w])fetch\(|from "(?:node:)?(?:https?|tls|undici)"/.test(text) ? [file] : [];
    }),
  );
  expect(senders.flat().sort()).toEqual(["src/connectors/wire/exchange.ts", "src/connectors/wire/proxy.ts"]);
});

import { profiles } from "../connectors/registry.ts";
import type { PagePlatform } from "./api/answers.ts";
import { version } from "../version.ts";
import { hashed, type PageFile } from "./bundle.ts";

/** The colour of each platform, as the charts and their legends ask for it: `--google`. */
const style = (): string => {
  const variables = (shade: "light" | "dark"): string =>
    profiles()
      .map(({ name, colour }) => `--${name}:${colour[shade]};`)
      .join("");
  const swatches = profiles().map(
    ({ name }) => `.swatch[data-colour="--${name}"]{border-color:var(--${name})}`,
  );
  // The same three cases as in style.css: the choice of the page goes before that of the machine.
  return [
    `:root{${variables("light")}}`,
    `@media (prefers-color-scheme:dark){:root:not([data-theme="light"]){${variables("dark")}}}`,
    `:root[data-theme="dark"]{${variables("dark")}}`,
    ...swatches,
  ].join("\n");
};

/** The page with what it is served with: the platforms of the registry with their colours, and the version. */
export const withPlatforms = (files: readonly PageFile[]): readonly PageFile[] => {
  const known = profiles().map(({ name, label }): PagePlatform => ({ name, label }));
  // In a document, `<` could end the element.
  const list = JSON.stringify(known).replaceAll("<", String.raw`\u003c`);
  const colours = hashed("platforms", "css", Buffer.from(style()));
  return [
    ...files.map((file) =>
      file.name === "index.html"
        ? {
            ...file,
            body: Buffer.from(
              file.body
                .toString()
                .replace("platforms.css", colours.name)
                .replace(/(id="platforms">)/, (opened) => `${opened}${list}`)
                .replace('content="version"', `content="${version}"`),
            ),
          }
        : file,
    ),
    colours,
  ];
};

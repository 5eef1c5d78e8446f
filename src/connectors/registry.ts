import { platforms, type Platform } from "../domain/platform.ts";
import type { Connector, ConnectorContext, OpenConnector } from "./connector.ts";
import { type GoogleSettings, googleSettings } from "./google/settings.ts";
import { type LinkedinSettings, linkedinSettings } from "./linkedin/settings.ts";
import { type MetaSettings, metaSettings } from "./meta/settings.ts";

/** The settings of every platform, as `connectors` of costper.yaml holds them. */
export interface ConnectorSettings {
  readonly google?: GoogleSettings | undefined;
  readonly meta?: MetaSettings | undefined;
  readonly linkedin?: LinkedinSettings | undefined;
}

/** The schema of each platform's section. */
export const connectorSettings = {
  google: googleSettings,
  meta: metaSettings,
  linkedin: linkedinSettings,
} as const satisfies Record<Platform, unknown>;

// Loaded when first used: Google's SDK alone costs about a second and 190 MB.
const folders: {
  readonly [P in Platform]: () => Promise<{
    default: OpenConnector<NonNullable<ConnectorSettings[P]>>;
  }>;
} = {
  google: () => import("./google/index.ts"),
  meta: () => import("./meta/index.ts"),
  linkedin: () => import("./linkedin/index.ts"),
};

/** The platforms that the settings name, in their usual order. */
export const configuredPlatforms = (settings: ConnectorSettings): readonly Platform[] =>
  platforms.filter((platform) => settings[platform] !== undefined);

const load = async <P extends Platform>(
  platform: P,
  settings: NonNullable<ConnectorSettings[P]>,
  context: ConnectorContext,
): Promise<Connector> => (await folders[platform]()).default(settings, context);

/** Opens the connector of a configured platform. */
export const openConnector = async (
  platform: Platform,
  settings: ConnectorSettings,
  context: ConnectorContext,
): Promise<Connector> => {
  const own = settings[platform];
  if (own === undefined) throw new RangeError(`${platform} is not configured`);
  return load(platform, own, context);
};

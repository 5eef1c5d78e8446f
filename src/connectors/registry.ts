import type { Platform } from "../domain/platform.ts";
import type { Connector, ConnectorContext, OpenConnector } from "./connector.ts";
import { google } from "./google/platform.ts";
import { linkedin } from "./linkedin/platform.ts";
import { meta } from "./meta/platform.ts";
import { microsoft } from "./microsoft/platform.ts";
import type { PlatformProfile, PlatformSettings } from "./platform.ts";
import { x } from "./x/platform.ts";

/** The sections of the platforms in `connectors` of costper.yaml, checked; account ids are bare. */
export type ConnectorSettings = Readonly<Record<Platform, PlatformSettings | undefined>>;

/** What a connector's folder exports. Loaded when first used: some weigh more than all the rest of a sync. */
type Load<Settings> = () => Promise<{ readonly default: OpenConnector<Settings> }>;

interface Entry {
  readonly profile: PlatformProfile;
  readonly load: Load<PlatformSettings>;
}

const entries = new Map<Platform, Entry>();
const names: Platform[] = [];

/** The platforms that there are, in their usual order. It grows: ask it when it is needed, keep no copy. */
export const platforms: readonly Platform[] = names;

/**
 * Makes a platform known, to everything at once. The tests add a platform of their own this way, as the lines below
 * add ours: nothing else has to be told.
 */
export const registerPlatform = <Settings extends PlatformSettings>(
  profile: PlatformProfile<Settings>,
  load: Load<Settings>,
): void => {
  const { name } = profile;
  if (!/^[a-z]+$/.test(name)) throw new RangeError(`a platform's name is lower-case letters, not ${name}`);
  if (entries.has(name)) throw new RangeError(`there is a platform ${name} already`);
  // The profile's own schema makes the settings that its own connector is opened with; nobody else looks into them.
  entries.set(name, { profile, load } as unknown as Entry);
  names.push(name);
};

registerPlatform(google, () => import("./google/index.ts"));
registerPlatform(meta, () => import("./meta/index.ts"));
registerPlatform(linkedin, () => import("./linkedin/index.ts"));
registerPlatform(microsoft, () => import("./microsoft/index.ts"));
registerPlatform(x, () => import("./x/index.ts"));

export const isPlatform = (text: string): boolean => entries.has(text);

const entryOf = (platform: Platform): Entry => {
  const entry = entries.get(platform);
  if (entry === undefined) throw new RangeError(`there is no platform ${platform}`);
  return entry;
};

/** @throws RangeError where there is no such platform. */
export const profileOf = (platform: Platform): PlatformProfile => entryOf(platform).profile;

/** What is known of every platform, in their usual order. */
export const profiles = (): readonly PlatformProfile[] => names.map(profileOf);

/** The platforms that the settings name, in their usual order. */
export const configuredPlatforms = (settings: ConnectorSettings): readonly Platform[] =>
  names.filter((platform) => settings[platform] !== undefined);

/** The platforms that the settings name, each with the accounts that they name, if any. */
export const configuredAccounts = (
  settings: ConnectorSettings,
): readonly { readonly platform: Platform; readonly accounts: readonly string[] | undefined }[] =>
  configuredPlatforms(settings).map((platform) => ({ platform, accounts: settings[platform]?.accounts }));

/** Opens the connector of a configured platform. */
export const openConnector = async (
  platform: Platform,
  settings: ConnectorSettings,
  context: ConnectorContext,
): Promise<Connector> => {
  const own = settings[platform];
  if (own === undefined) throw new RangeError(`${platform} is not configured`);
  return (await entryOf(platform).load()).default(own, context);
};

/**
 * URLs of Postgres and Redis as people write them. Google's pages for Cloud SQL leave the host out and name the folder
 * of the socket as `host=`: `postgres://user:password@/database?host=/cloudsql/project:region:instance`.
 */
const nobody = "nobody.invalid";

/** Undefined where the text is no URL of one of the protocols (with their colon). */
export const readServerUrl = (text: string, protocols: readonly string[]): URL | undefined => {
  const named = URL.canParse(text) ? text : text.replace(/^([a-z]+:\/\/[^/?#]*@)(:\d+)?\//, `$1${nobody}$2/`);
  if (!URL.canParse(named)) return undefined;
  const url = new URL(named);
  return protocols.includes(url.protocol) ? url : undefined;
};

export const postgresProtocols: readonly string[] = ["postgres:", "postgresql:"];

export const redisProtocols: readonly string[] = ["redis:", "rediss:"];

export const isPostgresUrl = (text: string): boolean => readServerUrl(text, postgresProtocols) !== undefined;

/** The host of a Postgres URL, or the folder of its socket; empty where it names none. */
export const hostOf = (url: URL): string => {
  const host = url.searchParams.get("host") ?? decodeURIComponent(url.hostname);
  return host === nobody ? "" : host.replace(/^\[(.*)\]$/, "$1");
};

/** The URL as it is written: without the host that stood in for none. */
export const withoutPlaceholder = (url: URL): string => url.href.replace(`@${nobody}`, "@");

/** A server, and what its URL does not say. */
export interface ServerPlace {
  readonly url: string;
  /** For a URL without one: any characters, nothing encoded. */
  readonly password?: string | undefined;
  /** A file with the certificates of the authority that signed the server's own. */
  readonly ca?: string | undefined;
}

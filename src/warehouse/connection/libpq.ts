import { postgresProtocols, readServerUrl, type ServerPlace } from "../../domain/server-url.ts";
import { connectionSettings } from "./settings.ts";

/** What psql calls the parameters of a URL that costper hands on as they are ("libpq: Environment Variables"). */
const parameterVariables: Readonly<Record<string, string>> = {
  options: "PGOPTIONS",
  connect_timeout: "PGCONNECT_TIMEOUT",
  target_session_attrs: "PGTARGETSESSIONATTRS",
  channel_binding: "PGCHANNELBINDING",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
};

/** TLS as costper's own connection does it: where that verifies the server, psql does. */
const tlsVariables = (place: ServerPlace, url: URL): Readonly<Record<string, string>> => {
  const { ssl } = connectionSettings(place);
  if (ssl === undefined) return {};
  if (typeof ssl === "boolean") return { PGSSLMODE: ssl ? "require" : "disable" };
  if (ssl.rejectUnauthorized === false) return { PGSSLMODE: "require" };
  return {
    PGSSLMODE: ssl.checkServerIdentity === undefined ? "verify-full" : "verify-ca",
    PGSSLROOTCERT: place.ca ?? url.searchParams.get("sslrootcert") ?? "system",
  };
};

/**
 * The environment in which psql and its like reach the server: a password in it shows in no list of processes, as it
 * would in an argument.
 * @throws Failure where the URL or a file of certificates cannot be read.
 */
export const libpqEnvironment = (place: ServerPlace): Readonly<Record<string, string>> => {
  const { host, port, user, password, database } = connectionSettings(place);
  const url = readServerUrl(place.url, postgresProtocols);
  const named = { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password, PGDATABASE: database };
  return {
    PGAPPNAME: "costper psql",
    ...Object.fromEntries(
      Object.entries(named).flatMap(([name, value]) =>
        typeof value === "string" || typeof value === "number" ? [[name, String(value)]] : [],
      ),
    ),
    ...Object.fromEntries(
      Object.entries(parameterVariables).flatMap(([parameter, name]) => {
        const value = url?.searchParams.get(parameter);
        return value ? [[name, value]] : [];
      }),
    ),
    ...(url && tlsVariables(place, url)),
  };
};

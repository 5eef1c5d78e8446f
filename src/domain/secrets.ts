/** Names of fields and parameters that hold secrets, wherever they occur. */
export const secretKeys = [
  "accessToken",
  "accessTokenSecret",
  "refreshToken",
  "clientSecret",
  "consumerSecret",
  "developerToken",
  "appSecret",
  "access_token",
  "refresh_token",
  "client_secret",
  "id_token",
  "appsecret_proof",
  "input_token",
  "assertion",
  "token",
  "secret",
  "password",
  "authorization",
  "Authorization",
] as const;

/** What stands in a secret's place. */
export const censored = "[secret]";

/** Shorter ones are no secrets, and would blank words out of every text. */
const leastLength = 6;

const parameters = [...secretKeys, "sig", "oauth_signature", "oauth_token", "oauth_consumer_key"].join("|");
const shapes: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`\\b((?:${parameters})="?)[^&\\s"',<>]+`, "gi"), `$1${censored}`],
  [/\b(Bearer|Basic) [\w.~+/=-]{6,}/g, `$1 ${censored}`],
  [/(:\/\/[^/\s:@]*:)[^/\s@]+@/g, `$1${censored}@`],
];

/** Takes secrets out by the shape of their surroundings: parameters, authorization headers, addresses with passwords. */
export const withoutSecretShapes = (text: string): string =>
  shapes.reduce((rest, [shape, instead]) => rest.replace(shape, instead), text);

/** Takes the secrets that it knows out of texts that others wrote, and what looks like one. */
export interface Redactor {
  /** Those shorter than six characters are passed over. */
  add(this: void, ...secrets: readonly (string | undefined)[]): void;
  redact(this: void, text: string): string;
}

export const createRedactor = (...known: readonly (string | undefined)[]): Redactor => {
  let secrets: readonly string[] = [];
  const add: Redactor["add"] = (...more) => {
    const usable = more.filter((secret) => secret !== undefined && secret.length >= leastLength);
    const forms = usable.flatMap((secret) => [secret ?? "", encodeURIComponent(secret ?? "")]);
    // The longest first, so that no part of one that contains another stays.
    secrets = [...new Set([...secrets, ...forms])].sort((one, other) => other.length - one.length);
  };
  add(...known);
  return {
    add,
    redact: (text) =>
      withoutSecretShapes(secrets.reduce((rest, secret) => rest.replaceAll(secret, censored), text)),
  };
};

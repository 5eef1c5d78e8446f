/** The ad platforms. A new one is added here, as a folder of `connectors/` and as a line of the registry. */
export const platforms = ["google", "meta", "linkedin"] as const;

export type Platform = (typeof platforms)[number];

export const isPlatform = (text: string): text is Platform => (platforms as readonly string[]).includes(text);

/**
 * The bare form in which an account id is stored, whichever form a person wrote: Google's ten digits without
 * dashes, Meta's without `act_`, LinkedIn's without its URN.
 */
export const bareAccountId = (platform: Platform, written: string): string => {
  const text = written.trim();
  switch (platform) {
    case "google":
      return text.replaceAll("-", "").replace(/^customers\//, "");
    case "meta":
      return text.replace(/^act_/, "");
    case "linkedin":
      return text.replace(/^urn:li:sponsoredAccount:/, "");
  }
};

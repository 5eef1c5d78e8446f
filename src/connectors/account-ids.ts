import type { Platform } from "../domain/platform.ts";
import { profileOf } from "./registry.ts";

/** The form in which the warehouse stores an account id, whichever form a person wrote. */
export const bareAccountId = (platform: Platform, written: string): string =>
  profileOf(platform).accountId.bare(written);

/** Why the text is no account id of the platform; undefined where it is one. */
export const accountIdProblem = (platform: Platform, written: string): string | undefined => {
  const { bare, pattern, words } = profileOf(platform).accountId;
  return pattern.test(bare(written)) ? undefined : `is no ${platform} account id: must be ${words}`;
};

/** Whether what a person wrote, in any form, means the stored account. */
export const namesAccount = (platform: Platform, written: string, accountId: string): boolean => {
  const { bare, names } = profileOf(platform).accountId;
  const id = bare(written);
  return names === undefined ? id === accountId : names(id, accountId);
};

/** Whether one of several written ids means the stored account; with none given, none does. */
export const isNamed = (
  platform: Platform,
  written: readonly string[] | undefined,
  accountId: string,
): boolean => written?.some((id) => namesAccount(platform, id, accountId)) ?? false;

/** Whether two written ids may mean one account: one of them, where the platform has parts, may mean more than that. */
export const meanTheSame = (platform: Platform, one: string, other: string): boolean =>
  namesAccount(platform, one, bareAccountId(platform, other)) ||
  namesAccount(platform, other, bareAccountId(platform, one));

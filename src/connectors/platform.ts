import type * as z from "zod";
import type { Channel } from "../domain/channel.ts";
import type { Day } from "../domain/day.ts";
import type { Platform } from "../domain/platform.ts";
import type { SignIn } from "./sign-in.ts";

/** Settings that the core reads, whichever platform they are of. */
export interface PlatformSettings {
  /** Bare ids; absent: every account that the credentials reach. */
  readonly accounts?: readonly string[] | undefined;
  /** Days pulled again each night, in place of the platform's own restatement window. */
  readonly lookbackDays?: number | undefined;
}

/** What is wrong with one key of a section. `key` is its path below the section: `accessToken`, `endpoints.api`. */
export interface SettingProblem {
  readonly key: string;
  /** What is wrong and what to do about it; never a value that may be secret. */
  readonly message: string;
}

/** A section of costper.yaml as it is written, before it is known to fit its schema. */
export interface WrittenSection {
  readonly values: Readonly<Record<string, unknown>>;
  /** Whether the key is there; one whose variable is not set counts as there, since that is a problem of its own. */
  readonly isWritten: (key: string) => boolean;
}

/** What costper knows of a source in `connectors` of costper.yaml without talking to it. Light: it is always loaded. */
export interface SourceProfile<Settings = unknown> {
  /** The key under `connectors`, the name in the warehouse: lower-case letters. */
  readonly name: string;
  /** The name for people. */
  readonly label: string;
  /** The strict schema of its section; `endpoints` must be in it, since the sandbox is reached through them. */
  readonly settings: z.ZodType<Settings>;
  /** What keys say together that cannot be; absent: the schema says it all. */
  problems?(section: WrittenSection): readonly SettingProblem[];
  /** How a person signs in for a token, loaded when somebody does; absent: there is nothing to sign in at. */
  readonly signIn?: () => Promise<SignIn<Settings>>;
  /** The settings that no log line and no error may show. */
  readonly secrets: readonly string[];
  /** Its part of what `costper init` writes. */
  readonly template: {
    /** Lines below `connectors:`, indented as they stand there, the last one ended too. `${NAME}` is not filled in. */
    readonly yaml: string;
    /** The variables of those lines with where each value comes from; the words may be empty. */
    readonly environment: readonly (readonly [name: string, comment: string])[];
  };
}

/** How a platform's account ids are written and stored. */
export interface AccountIds {
  /** The form that the warehouse stores, out of any form that people write. Not yet checked. */
  readonly bare: (written: string) => string;
  /** What the bare form looks like. */
  readonly pattern: RegExp;
  /** How people write it, to end the sentence "is no google account id: must be ...". */
  readonly words: string;
  /**
   * Whether a bare id in `accounts` or behind `--account` means the stored account. Absent: only where they are the
   * same. A platform that splits one of its accounts lets its own id mean all the parts.
   */
  readonly names?: (bare: string, accountId: string) => boolean;
}

/** Which conversions of an account count; null means every one. See ops.counting_rule. */
export interface CountingRule {
  /** `primary`: the part in the platform's own headline; `all`: with what that leaves out; else as reported. */
  readonly measure: "conversions" | "primary" | "all";
  /** Ids or names of actions, as the configuration says. */
  readonly actions: readonly string[] | null;
  readonly excluded: readonly string[];
  readonly attributions: readonly string[] | null;
}

/** Channel of ads on a network. `*`: any. Upper and lower case are the same. */
export interface NetworkRule {
  /** The platform's type of campaign, as its `campaign` entities have it. */
  readonly campaignType: string;
  /** As the connector's `networks` name it. */
  readonly network: string;
  readonly channel: Channel;
}

/** What is assumed of the maturity of conversions until an account's own history tells; see docs/maturity.md. */
export interface DefaultCurve {
  /** The share of a day's final conversions that is reported on the day itself. */
  readonly first: string;
  /** Days in which half of what is still missing comes in. */
  readonly halfLifeDays: string;
}

/** How the clicks of a platform's ads are recognised on the advertiser's own pages. */
export interface ClickTagging {
  /** The parameter whose value the connector's click report explains; absent: there is no such report. */
  readonly reportedId?: string;
  /** The parameter whose value is a campaign id of the platform; absent: the advertiser writes utm_id. */
  readonly campaignId?: string;
  /** What to do where clicks arrive without tags; absent: tag by hand. */
  readonly remedy?: string;
}

/**
 * What costper knows of an ad platform without talking to it: `connectors/<platform>/platform.ts` exports one, checked
 * with `satisfies PlatformProfile<...>`. Plain data and pure functions: no client, no SDK, nothing that is slow to load.
 * Whoever needs to know about platforms asks the registry; no list of them stands anywhere else.
 */
export interface PlatformProfile<
  Settings extends PlatformSettings = PlatformSettings,
> extends SourceProfile<Settings> {
  readonly name: Platform;
  /** Its colour in charts, on white and on black: six hexadecimal digits behind `#`. */
  readonly colour: { readonly light: string; readonly dark: string };
  readonly accountId: AccountIds;
  /** Further settings that hold an account id, such as a manager's: checked and stored bare as `accounts` are. */
  readonly accountIdSettings?: readonly string[];
  /** What counts, by the settings; where the platform is not configured they are empty. */
  countingRule(settings: Partial<Settings>): CountingRule;
  readonly maturity: DefaultCurve;
  /** The first rule that holds decides; the last should hold for any. */
  readonly networks: readonly NetworkRule[];
  readonly clicks?: ClickTagging;
  /** Days on which the platform changed what it counts: a step there is its own, not a campaign's. */
  readonly changes?: readonly { readonly date: Day; readonly text: string }[];
  /** The platform in the views of `ad_reporting`. */
  readonly adReporting: {
    /** As Fivetran's models call it: `google_ads`. */
    readonly name: string;
    /** Whether those models let the campaign stand in for the ad group. */
    readonly campaignIsAdGroup?: boolean;
  };
}

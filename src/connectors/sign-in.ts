import type { Logger } from "pino";
import type { Redactor } from "../domain/secrets.ts";

/** A setting that a sign-in needs before it can begin. */
export interface Need {
  /** Its key in the platform's section. */
  readonly key: string;
  /** Where a person gets it, in a line. */
  readonly where: string;
  readonly secret: boolean;
  /** May stay empty: it is asked for beside others, never by itself. */
  readonly optional?: true;
}

/** Where the consent page sends the browser, and how the platform takes such an address. */
export interface Redirect {
  /** As the address names this machine. */
  readonly host: "127.0.0.1" | "localhost";
  /** Whether it must be registered with its port, byte for byte. */
  readonly exact: boolean;
  /** With `--manual` the platform shows something to type, and sends the browser nowhere. */
  readonly outOfBand?: true;
  /** The page where a person registers it. */
  readonly where: string;
}

/** What one sign-in is given. */
export interface SignInContext {
  readonly signal: AbortSignal;
  readonly now: () => Date;
  readonly log: Logger;
  /** Learns every secret that comes up, so that none shows in a message. */
  readonly redactor: Redactor;
  /** The address that the consent page sends the browser to, byte for byte. */
  readonly redirectUri: string;
  /** Whether a person pastes the answer, since the browser is on another machine. */
  readonly manual: boolean;
}

/** What a sign-in ended with. */
export interface SignedIn {
  /** What is kept, by key of the platform's section. An empty text takes the place of a value that no longer holds. */
  readonly kept: Readonly<Record<string, string>>;
  /** When a person must sign in again, where the platform says so. */
  readonly endsAt?: Date | undefined;
  /** What a person should know, in sentences: how long it lives, and why no longer. */
  readonly notes: readonly string[];
}

/** A sign-in under way: the consent page is open somewhere. */
export interface Consent {
  /** The platform's own page, for the browser. */
  readonly address: string;
  /** Whether what the browser came back with answers this page and no other: `state`, compared in constant time. */
  belongs(answer: URLSearchParams): boolean;
  /** Turns the answer into a token, once. @throws Failure `credentials` where access was refused or is too little. */
  finish(answer: URLSearchParams): Promise<SignedIn>;
  /** What a person may paste in place of an address, and what becomes of it; undefined where it is none of that. */
  readonly pasted?: {
    readonly what: string;
    /** Whether it must not show on a screen. */
    readonly secret: boolean;
    finish(text: string): Promise<SignedIn> | undefined;
  };
}

/** An account that the new token reaches. */
export interface Reached {
  readonly id: string;
  readonly name: string;
  readonly currency: string;
}

/** How a person signs in at a platform: `connectors/<platform>/sign-in.ts` exports one. */
export interface SignIn<Settings> {
  readonly needs: readonly Need[];
  /** The keys that a sign-in may fill. */
  readonly fills: readonly string[];
  /** Required keys that a sign-in can do without, with what stands in for them meanwhile. */
  readonly standIns?: Readonly<Record<string, unknown>>;
  readonly redirect: Redirect;
  /**
   * The place of the settings' credential in the store of rotated tokens, where the platform replaces tokens; absent:
   * what is configured is what is used.
   */
  keptAs?(settings: Settings): string;
  /** What a person is told who signed in and reaches nothing. */
  readonly reachesNothing: string;
  begin(settings: Settings, context: SignInContext): Promise<Consent>;
  /** The key that names what is wanted of it; default `accounts`. */
  readonly named?: string;
  /** Lists what is reached; absent: the platform's connector does, with its accounts. */
  reached?(settings: Settings, context: SignInContext): AsyncIterable<Reached>;
}

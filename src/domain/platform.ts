/**
 * The name of an ad platform, such as `google`: a key of `connectors` in costper.yaml, the column `platform` of the
 * warehouse. Plain text, since which platforms there are is known at run time only: the registry of the connectors says.
 */
export type Platform = string;

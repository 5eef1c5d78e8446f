/** Says what was wrong with a change; it stands there empty, so that a screen reader hears it filled. */
export const SendingProblem = ({ problem }: { readonly problem: string | undefined }) => (
  <span class="bad" role="status">
    {problem === undefined ? "" : ` ${problem}`}
  </span>
);

/** A file with all that a view shows, not just a page of it. */
export const Download = ({ path, file }: { readonly path: string; readonly file: string }) => (
  <a class="button" href={path} download={file}>
    Download CSV
  </a>
);

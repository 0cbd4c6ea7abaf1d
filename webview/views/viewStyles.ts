const FIRST = /\/inspector\.css(?=$|\?)/;
let loaded: Promise<void> | undefined;

/**
 * The style of the views that are loaded when first shown: `views.css`, from where the page's own style came. An
 * exported page, which names no style sheet, carries all of it. Rejects where the file cannot be read.
 */
export function loadViewStyles(): Promise<void> {
  return (loaded ??= append().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  }));
}

async function append(): Promise<void> {
  const links = document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]');
  const first = [...links].find(({ href }) => FIRST.test(href));
  if (!first) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = first.href.replace(FIRST, "/views.css");
  await new Promise<void>((resolve, reject) => {
    link.onload = () => resolve();
    link.onerror = () => {
      link.remove();
      reject(new Error("views.css cannot be read."));
    };
    first.after(link);
  });
}

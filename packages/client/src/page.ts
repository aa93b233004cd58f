/** Milliseconds a page must have been out of sight before its connection is doubted. */
const doubtAfter = 5_000;

export interface PageHooks {
  /** The page is back in sight or back online: connections often died meanwhile. */
  wake(): void;
  /** It may be gone in a moment: send now what waits. */
  flush(): void;
  /**
   * It will not run for a while: it goes into the back/forward cache, which takes no page with an open socket, or the browser
   * saves power.
   */
  freeze(cached: boolean): void;
  thaw(cached: boolean): void;
}

/** Follows the life of the page, where there is one. Returns how to stop following. */
export function followPage(hooks: PageHooks): () => void {
  if (!globalThis.addEventListener) return () => {};
  const page = globalThis.document;
  const controller = new AbortController();
  const { signal } = controller;
  let hiddenAt = 0;
  const on = (target: EventTarget, name: string, listener: (event: Event) => void): void =>
    target.addEventListener(name, listener, { signal });
  on(globalThis, 'online', () => hooks.wake());
  on(globalThis, 'pagehide', (event) => {
    if ((event as PageTransitionEvent).persisted) hooks.freeze(true);
    else hooks.flush();
  });
  on(globalThis, 'pageshow', (event) => {
    if ((event as PageTransitionEvent).persisted) hooks.thaw(true);
  });
  if (page) {
    on(page, 'freeze', () => hooks.freeze(false));
    on(page, 'resume', () => hooks.thaw(false));
    on(page, 'visibilitychange', () => {
      if (page.visibilityState === 'hidden') {
        hiddenAt = Date.now();
        // On a phone this may be the last that a page hears.
        hooks.flush();
      } else if (Date.now() - hiddenAt > doubtAfter) hooks.wake();
    });
  }
  return () => controller.abort();
}

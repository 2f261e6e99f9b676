/* django_recs: reports what a visitor does, as far as they allow it, and fills lazy shelves.
   Without consent, under Global Privacy Control and while prerendering it sends and stores nothing. */
(() => {
  "use strict";
  const { events: url, consentCookie: cookie, batch } = document.currentScript.dataset;
  const BATCH = Number(batch) || 1; // events in a request
  const KEPT = 200; // events kept while the server is unavailable
  const WAIT = 1000; // ms in which events gather
  const LONGEST_WAIT = 60000;
  const QUOTING = ["view_item", "add_to_cart", "add_to_wishlist"];
  const MEMORY = "recs.tokens"; // sessionStorage: item id -> [token, slot] of the list it was chosen from
  const seen = new WeakSet();
  let queue = [];
  let wait = WAIT;
  let timer = 0;

  const allowed = () => {
    const found = document.cookie.split("; ").find((part) => part.startsWith(cookie + "="));
    const value = (found || "").slice(cookie.length + 1);
    return !navigator.globalPrivacyControl && /\b(personalisation|analytics|marketing)\b/i.test(value);
  };

  const newId = () =>
    crypto.randomUUID
      ? crypto.randomUUID()
      : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
          (digit ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (digit / 4)))).toString(16),
        );

  const memory = () => {
    try {
      return JSON.parse(sessionStorage.getItem(MEMORY)) || {};
    } catch {
      return {};
    }
  };

  const remember = (item, token, slot) => {
    try {
      sessionStorage.setItem(MEMORY, JSON.stringify({ ...memory(), [item]: [token, slot] }));
    } catch {} // storage is full or forbidden: the event still goes out, without its list
  };

  const forget = () => {
    queue = [];
    try {
      sessionStorage.removeItem(MEMORY);
    } catch {}
  };

  const post = (events) =>
    fetch(url, {
      method: "POST",
      keepalive: true,
      headers: { "Content-Type": "text/plain" },
      body: JSON.stringify({ sent_at: Date.now(), events }),
    });

  const schedule = () => (timer = timer || setTimeout(flush, wait));

  /* Send what has gathered. An answer tells whether to send the same events, with the same ids, again. */
  const flush = async () => {
    clearTimeout(timer);
    timer = 0;
    const events = queue.splice(0, BATCH);
    if (!events.length || !allowed()) return;
    const { status } = await post(events).catch(() => ({ status: 503 }));
    if (status === 429 || status >= 500) {
      if (allowed()) queue = [...events, ...queue].slice(0, KEPT);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    } else wait = WAIT;
    if (queue.length) schedule();
  };

  /* The page goes away: nobody will read an answer. */
  const leave = () => {
    while (queue.length && allowed()) {
      const events = queue.splice(0, BATCH);
      if (!navigator.sendBeacon(url, JSON.stringify({ sent_at: Date.now(), events }))) post(events).catch(() => {});
    }
  };

  const track = (name, fields = {}) => {
    if (document.prerendering || !allowed()) return;
    const event = { event_id: newId(), created_at: Date.now(), name, ...fields };
    if (!event.token && QUOTING.includes(name) && memory()[event.item_id])
      [event.token, event.slot] = memory()[event.item_id];
    queue.push(event);
    schedule();
  };

  const place = (item) => {
    const list = item.closest("[data-recs-list]");
    if (!list) return null;
    const slot = item.dataset.recsSlot || [...list.querySelectorAll("[data-recs-item]")].indexOf(item);
    return { item_id: item.dataset.recsItem, slot: Number(slot), token: list.dataset.recsList };
  };

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries)
        if (isIntersecting && allowed()) {
          watcher.unobserve(target);
          track("view_item_list", place(target));
        }
    },
    { threshold: 0.5 },
  );

  const once = (root, selector, act) => {
    for (const element of root.querySelectorAll(selector))
      if (!seen.has(element)) {
        seen.add(element);
        act(element);
      }
  };

  const fill = async (element) => {
    const source = new URL(element.dataset.recsFragment, location.href);
    if (source.origin !== location.origin) return;
    const answer = await fetch(source).catch(() => ({}));
    if (!answer.ok) return;
    element.innerHTML = await answer.text();
    scan(element);
  };

  /* Report and watch what is new under `root`; call it after adding markup of one's own. */
  const scan = (root = document) => {
    once(root, "[data-recs-fragment]", fill);
    if (!allowed()) return;
    once(root, "[data-recs-event]", (element) => {
      const { name, ...fields } = JSON.parse(element.dataset.recsEvent);
      track(name, fields);
    });
    once(root, "[data-recs-list] [data-recs-item]", (item) => watcher.observe(item));
    for (const button of root.querySelectorAll("[data-recs-dismiss]")) button.hidden = false;
  };

  /* Write down what the visitor allows, such as ["personalisation"]; [] withdraws and forgets. */
  const consent = (purposes) => {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${cookie}=${purposes.join(".") || "none"}; path=/; max-age=15552000; samesite=lax${secure}`;
    if (allowed()) return scan();
    forget();
    post([]).catch(() => {}); // the answer deletes the visitor cookie
  };

  /* "Not for me": tell, and take the item away at once. The next list leaves it out. */
  const dismiss = (button) => {
    const box = button.closest("li");
    const item = box && box.querySelector("[data-recs-item]");
    const dismissed = item && place(item);
    if (!dismissed) return;
    track("dismiss", dismissed);
    flush();
    const next = box.nextElementSibling || box.previousElementSibling;
    box.remove();
    next?.querySelector("a")?.focus();
  };

  const click = ({ target, button }) => {
    if (button > 1) return; // a menu, or one of the mouse's further buttons
    const unwanted = button === 0 && target.closest?.("[data-recs-dismiss]");
    if (unwanted) return dismiss(unwanted);
    const item = target.closest?.("a") && target.closest("[data-recs-item]");
    const chosen = item && allowed() && place(item);
    if (!chosen) return;
    remember(chosen.item_id, chosen.token, chosen.slot);
    track("select_item", chosen);
    flush(); // now, so that the page behind the link can know of it
  };

  const start = () => {
    addEventListener("click", click, true);
    addEventListener("auxclick", click, true);
    addEventListener("pagehide", leave);
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
    scan();
  };

  window.recs = { track, consent, scan };
  if (document.prerendering) document.addEventListener("prerenderingchange", start, { once: true });
  else start();
})();

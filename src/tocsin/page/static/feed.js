// The live feed: the newest view whenever there is one; after a break it connects again by itself.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5000;

export function follow(store) {
  let wait = FIRST_WAIT_MS;

  function connect() {
    const socket = new WebSocket(new URL("feed", location.href.replace(/^http/, "ws")));
    socket.onmessage = (event) => {
      wait = FIRST_WAIT_MS;
      store.link = { state: "live", heard: performance.now() };
      const view = JSON.parse(event.data); // null: nothing new, but the hall is alive
      if (view) store.show(view);
      else store.touch();
    };
    socket.onclose = () => {
      store.link = { ...store.link, state: "lost" };
      store.touch();
      setTimeout(connect, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    };
  }

  connect();
}

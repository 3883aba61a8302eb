/** Delivers records: kept until the server has answered, in order, never dropped. */

import { secret, uuid7 } from '../ids.js';
import { text } from '../json.js';
import { post } from './post.js';

/** @typedef {import('../types').Pending} Pending */

/** @param {string | null} header seconds or a date */
const wait = (header) => {
  const seconds = Number(header);
  const ms = seconds >= 0 ? seconds * 1000 : Date.parse(header || '') - Date.now();
  return header && ms > 0 ? ms : 0;
};

/**
 * One tab at a time, where the browser can tell.
 * @param {string} name
 * @param {() => Promise<void>} act
 */
async function alone(name, act) {
  let done = false;
  const once = () => {
    done = true;
    return act();
  };
  try {
    await navigator.locks.request('crumbtrail ' + name, once);
  } catch (e) {
    if (!done) await once();
  }
}

export class Delivery {
  /**
   * @param {string} url
   * @param {boolean} http whether the server keeps the visitor's secret in a cookie of its own
   * @param {ReturnType<typeof import('../memory.js').memory>} memory
   * @param {(id: string, reply: any) => void} delivered
   * @param {(old: string, fresh: string) => void} renamed
   * @param {() => string | null} visitor
   */
  constructor(url, http, memory, delivered, renamed, visitor) {
    this.url = url;
    this.http = http;
    this.memory = memory;
    this.delivered = delivered;
    this.renamed = renamed;
    this.visitor = visitor;
    /** @type {Map<string, number>} */
    this.resting = new Map();
    this.busy = false;
    this.timer = 0;
    addEventListener('online', () => {
      this.resting.clear();
      this.run();
    });
  }

  get queue() {
    const { queue } = this.memory.read();
    return Array.isArray(queue) ? queue : [];
  }

  /** @param {string} id */
  has(id) {
    return this.queue.some((entry) => entry.body.id === id);
  }

  /**
   * @param {string} id
   * @param {(queue: Pending[], i: number) => void} change
   */
  settle(id, change) {
    this.memory.update((all) => {
      const queue = all.queue || [];
      const i = queue.findIndex((entry) => entry.body.id === id);
      if (i >= 0) change(queue, i);
    });
  }

  /** @param {Pending['body']} body */
  add(body) {
    this.memory.update((all) => {
      all.queue = [...this.queue, { body, after: 0, tries: 0 }];
    });
    return this.run();
  }

  /**
   * A record made while the server kept the secret may be sent after it has moved away.
   * @param {Pending['body']} body
   */
  ask({ age, ...body }) {
    const whole = this.http ? body : { visitor: this.visitor() || secret(), ...body };
    return post(this.url + (age ? '?age=' + age : ''), text(whole), this.http);
  }

  /**
   * @param {Pending} entry
   * @returns {Promise<void>}
   */
  async send(entry) {
    let id = entry.body.id;
    let pause = Math.min(3e5, 5e3 * 2 ** entry.tries);
    let told = 0;
    try {
      const answer = await this.ask(entry.body);
      const { reply } = answer;
      const { code } = reply.error || {};
      if (answer.ok || answer.status === 410 || code === 'id_reused') {
        this.settle(id, (queue, i) => queue.splice(i, 1));
        return this.delivered(id, reply);
      }
      if (code === 'id_time') {
        const old = id;
        id = uuid7(Number(reply.error.now) || Date.now());
        this.settle(old, (queue, i) => {
          queue[i].body.id = id;
        });
        this.renamed(old, id);
        if (!entry.tries) pause = 0;
      }
      told = wait(answer.later);
    } catch (e) {}
    this.resting.set(id, Date.now() + pause);
    this.settle(id, (queue, i) => {
      queue[i].tries++;
      queue[i].after = told && Date.now() + told;
    });
  }

  /**
   * The server's own wish outlives the page; our pause does not, so each view tries once.
   * @param {Pending} entry
   */
  due(entry) {
    return Math.max(entry.after, this.resting.get(entry.body.id) || 0);
  }

  /** What another tab has sent meanwhile is not in the queue any more. */
  async round() {
    for (const { body } of this.queue) {
      const entry = this.queue.find((one) => one.body.id === body.id);
      if (entry && this.due(entry) <= Date.now()) await this.send(entry);
    }
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.timer);
    await alone(this.url, () => this.round());
    this.busy = false;
    const next = Math.min(...this.queue.map((entry) => this.due(entry)));
    if (next < Infinity)
      this.timer = +setTimeout(() => this.run(), Math.max(200, next - Date.now()));
  }
}

import {
  Behaviour,
  FakeNode,
  type FakeNodeOptions,
  type Handler,
  RpcFailure,
  rpcError,
  sendText,
} from './fake-node.ts';
import { damaged, type Dice, mutated } from './mutations.ts';

/** A method that it answers as it should. */
export const spared = 'eth_call';

/** A fake node that mutates what it says, so many times out of a hundred; but for one method. Only for sockets. */
export class HostileNode extends FakeNode {
  /** How often it mutates; it begins as a good node. */
  percent = 0;
  /** What it said, newest last; the last ones alone. */
  readonly said: string[] = [];
  readonly #dice: Dice;

  constructor(options: FakeNodeOptions, dice: Dice) {
    super(options);
    this.#dice = dice;
  }

  override on(method: string, handler: Handler): this {
    return super.on(method, (params, request) => {
      const answer = answerOf(() => handler(params, request));
      return method === spared || answer instanceof Behaviour || !this.#hostile()
        ? answer
        : this.#mutate(method, answer);
    });
  }

  override push(kind: string, result: unknown, wanted?: (params: readonly unknown[]) => boolean): void {
    if (!this.#hostile()) return super.push(kind, result, wanted);
    const names = this.count('eth_subscribe');
    const text = this.#note(`pushed ${kind}`, mutated(this.#dice, result));
    for (let name = 1; name <= names; name += 1) {
      const subscription = `"0x${name.toString(16).padStart(16, '0')}"`;
      this.pushText(
        `{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":${subscription},"result":${text}}}`,
      );
    }
  }

  #hostile(): boolean {
    return this.#dice.below(100) < this.percent;
  }

  #mutate(method: string, answer: unknown): Behaviour {
    const dice = this.#dice;
    const failure = answer instanceof RpcFailure;
    const key = failure === dice.below(10) > 0 ? 'error' : 'result';
    const text = mutated(dice, failure ? answer.error : (answer ?? null));
    return new Behaviour((wire, id) => {
      const whole = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"${key}":${text}}`;
      const said = dice.below(10) === 0 ? damaged(dice, whole).toString('latin1') : whole;
      sendText(wire, this.#note(`answered ${method}`, said));
    });
  }

  #note(what: string, text: string): string {
    this.said.push(`${what}: ${text.slice(0, 300)}`);
    if (this.said.length > 20) this.said.shift();
    return text;
  }
}

/** A script that cannot read its params says so, as a node does. */
const answerOf = (handler: () => unknown): unknown => {
  try {
    return handler();
  } catch {
    return rpcError(-32602, 'invalid argument');
  }
};

import { Web3 } from 'web3';
import { tickerAbi, tickerBytecode } from '../../src/devnet/ticker-contract.ts';
import { developmentKeys, mustBe, mustHold, type Report, ticksToSend } from './report.ts';

const library = 'web3.js';

/** Deploys, sends, waits and reads with web3.js as a dApp would. Throws on the first surprise. */
export const runWeb3 = async (url: string): Promise<Report> => {
  const web3 = new Web3(url);
  web3.eth.transactionPollingInterval = 100;
  const { address: from } = web3.eth.accounts.wallet.add(developmentKeys.web3)[0] ?? {};
  if (from === undefined) throw new Error(`${library}: no account`);

  const chainId = Number(await web3.eth.getChainId());
  const before = await web3.eth.getBalance(from);
  mustHold(library, 'the account has a balance', before > 0n);

  const contract = new web3.eth.Contract(tickerAbi);
  const deployed = await contract.deploy({ data: tickerBytecode }).send({ from });
  const address = deployed.options.address;
  if (address === undefined) throw new Error(`${library}: the deployed contract has no address`);
  const createdAt = await web3.eth.getBlockNumber();

  for (let sent = 1; sent <= ticksToSend; sent += 1) {
    const receipt = await deployed.methods.tick().send({ from });
    mustBe(library, `the status of tick ${sent}`, Number(receipt.status), 1);
    const again = await web3.eth.getTransactionReceipt(receipt.transactionHash);
    mustBe(library, `the receipt of tick ${sent}, asked for once more`, again.blockHash, receipt.blockHash);
    mustBe(library, `the logs of tick ${sent}`, again.logs.length, 1);
  }

  const count: unknown = await deployed.methods.count().call();
  mustBe(library, 'count()', count, BigInt(ticksToSend));
  const events = await deployed.getPastEvents('Tick', { fromBlock: createdAt });
  const ticks = events.map((event) => (typeof event === 'string' ? Number.NaN : Number(event.returnValues['number'])));
  const after = await web3.eth.getBalance(from);
  mustHold(library, 'the transactions cost something', after < before);
  return { library, chainId, address, ticks };
};

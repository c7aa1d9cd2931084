import { Contract, ContractFactory, JsonRpcProvider, Wallet } from 'ethers';
import { tickerAbi, tickerBytecode } from '../../src/devnet/ticker-contract.ts';
import { developmentKeys, mustBe, mustHold, type Report, ticksToSend } from './report.ts';

const library = 'ethers';

/** Deploys, sends, waits and reads with ethers as a dApp would. Throws on the first surprise. */
export const runEthers = async (url: string): Promise<Report> => {
  const provider = new JsonRpcProvider(url, undefined, { polling: true, pollingInterval: 100, cacheTimeout: -1 });
  try {
    return await run(provider);
  } finally {
    provider.destroy();
  }
};

const run = async (provider: JsonRpcProvider): Promise<Report> => {
  const wallet = new Wallet(developmentKeys.ethers, provider);
  const chainId = Number((await provider.getNetwork()).chainId);
  const before = await provider.getBalance(wallet.address);
  mustHold(library, 'the account has a balance', before > 0n);

  const deployed = await new ContractFactory(tickerAbi, tickerBytecode, wallet).deploy();
  const created = await deployed.deploymentTransaction()?.wait();
  mustBe(library, "the deployment's status", created?.status, 1);
  const address = await deployed.getAddress();
  const contract = new Contract(address, tickerAbi, wallet);

  for (let sent = 1; sent <= ticksToSend; sent += 1) {
    const transaction = await contract.getFunction('tick').send();
    const receipt = await transaction.wait();
    mustBe(library, `the status of tick ${sent}`, receipt?.status, 1);
    mustBe(library, `the hash in the receipt of tick ${sent}`, receipt?.hash, transaction.hash);
    mustBe(library, `the logs of tick ${sent}`, receipt?.logs.length, 1);
  }

  const count: unknown = await contract.getFunction('count').staticCall();
  mustBe(library, 'count()', count, BigInt(ticksToSend));
  const logs = await contract.queryFilter('Tick', created?.blockNumber);
  const ticks = logs.map((log) => Number(contract.interface.parseLog(log)?.args[0]));
  const after = await provider.getBalance(wallet.address);
  mustHold(library, 'the transactions cost something', after < before);
  return { library, chainId, address, ticks };
};

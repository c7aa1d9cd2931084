import { createPublicClient, createWalletClient, defineChain, http } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { tickerAbi, tickerBytecode } from '../../src/devnet/ticker-contract.ts';
import { developmentKeys, mustBe, mustHold, type Report, ticksToSend } from './report.ts';

const library = 'viem';
const pollingInterval = 100;

/** Deploys, sends, waits and reads with viem as a dApp would. Throws on the first surprise. */
export const runViem = async (url: string): Promise<Report> => {
  const account = privateKeyToAccount(developmentKeys.viem);
  const plain = createPublicClient({ transport: http(url), pollingInterval });
  const chainId = await plain.getChainId();
  const chain = defineChain({
    id: chainId,
    name: 'devnet',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  const reader = createPublicClient({ chain, transport: http(url), pollingInterval });
  const writer = createWalletClient({ chain, account, transport: http(url), pollingInterval });

  const before = await reader.getBalance({ address: account.address });
  mustHold(library, 'the account has a balance', before > 0n);

  const creation = await writer.deployContract({ abi: tickerAbi, bytecode: tickerBytecode as `0x${string}` });
  const created = await reader.waitForTransactionReceipt({ hash: creation });
  mustBe(library, "the deployment's status", created.status, 'success');
  const address = created.contractAddress;
  if (!address) throw new Error(`${library}: the receipt of the deployment has no contract address`);

  for (let sent = 1; sent <= ticksToSend; sent += 1) {
    const hash = await writer.writeContract({ abi: tickerAbi, address, functionName: 'tick' });
    const receipt = await reader.waitForTransactionReceipt({ hash });
    mustBe(library, `the status of tick ${sent}`, receipt.status, 'success');
    mustBe(library, `the hash in the receipt of tick ${sent}`, receipt.transactionHash, hash);
    mustBe(library, `the logs of tick ${sent}`, receipt.logs.length, 1);
  }

  const count = await reader.readContract({ abi: tickerAbi, address, functionName: 'count' });
  mustBe(library, 'count()', count, BigInt(ticksToSend));
  const events = await reader.getContractEvents({ abi: tickerAbi, address, fromBlock: created.blockNumber });
  const after = await reader.getBalance({ address: account.address });
  mustHold(library, 'the transactions cost something', after < before);
  return { library, chainId, address, ticks: events.map((event) => Number(event.args.number)) };
};

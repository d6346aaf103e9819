// Every Voice v1 call of @sinch/sdk-core 1.4.0, one line of JSON each: {call, ok, result} or {call, ok, status, error}.
// FN_SDK: the folder with node_modules; CLOUD_URL, APP_KEY, APP_SECRET: where, and as whom.
import { createRequire } from 'node:module'

const { SinchClient, Voice } = createRequire(`${process.env.FN_SDK}/`)('@sinch/sdk-core')
const { CLOUD_URL, APP_KEY, APP_SECRET } = process.env
const client = (applicationSecret = APP_SECRET) =>
  new SinchClient({
    applicationKey: APP_KEY,
    applicationSecret,
    voiceHostname: CLOUD_URL,
    voiceApplicationManagementHostname: CLOUD_URL,
  }).voice
const voice = client()
const destination = { type: 'number', endpoint: '+12017777777' }
const cli = '+12015555555'
const number = '+12013333333'
const say = { name: 'say', text: 'Welcome.', locale: 'en-US' }
const svaml = (action) => ({ instructions: [say], action })

const run = async (call, work) => {
  try {
    const result = await work()
    console.log(JSON.stringify({ call, ok: true, result: result ?? null }))
    return result
  } catch (error) {
    let data = error.data
    try {
      data = JSON.parse(data)
    } catch {
      // Not JSON: shown as it is.
    }
    console.log(JSON.stringify({ call, ok: false, status: error.statusCode ?? null, error: data ?? String(error) }))
    return {}
  }
}

const tts = await run('callouts.tts', () =>
  voice.callouts.tts({
    ttsCalloutRequestBody: {
      method: 'ttsCallout',
      ttsCallout: { destination, cli, locale: 'en-US', text: 'Hello.', enableAce: true, custom: 'ours' },
    },
  }),
)
const conference = (id) => ({
  conferenceCalloutRequestBody: {
    method: 'conferenceCallout',
    conferenceCallout: {
      destination,
      cli,
      conferenceId: id,
      greeting: 'Welcome.',
      mohClass: 'music1',
      conferenceDtmfOptions: { mode: 'detect', maxDigits: 2, timeoutMills: 2500 },
    },
  },
})
const first = await run('callouts.conference', () => voice.callouts.conference(conference('node room')))
const second = await run('conferences.call', () => voice.conferences.call(conference('node room')))
await run('callouts.custom', () =>
  voice.callouts.custom({
    customCalloutRequestBody: {
      method: 'customCallout',
      customCallout: {
        destination,
        cli,
        ice: Voice.customCalloutHelper.formatIceResponse(Voice.iceActionHelper.connectPstn({ number: '+12017777777' })),
        ace: Voice.customCalloutHelper.formatAceResponse(Voice.aceActionHelper.hangup(), Voice.aceInstructionHelper.say('Hello.')),
        pie: 'https://callback-server.example/voice',
      },
    },
  }),
)
await run('calls.get', () => voice.calls.get({ callId: tts.callId }))
await run('calls.manageWithCallLeg', () =>
  voice.calls.manageWithCallLeg({
    callId: tts.callId,
    callLeg: 'caller',
    manageWithCallLegRequestBody: svaml({ name: 'continue' }),
  }),
)
await run('calls.update', () =>
  voice.calls.update({ callId: tts.callId, updateCallRequestBody: svaml({ name: 'hangup' }) }),
)
await run('calls.get: ended', () => voice.calls.get({ callId: tts.callId }))
await run('conferences.get', () => voice.conferences.get({ conferenceId: 'node room' }))
await run('conferences.manageParticipant', () =>
  voice.conferences.manageParticipant({
    conferenceId: 'node room',
    callId: first.callId,
    manageParticipantRequestBody: { command: 'onhold', moh: 'music2' },
  }),
)
await run('conferences.kickParticipant', () =>
  voice.conferences.kickParticipant({ conferenceId: 'node room', callId: second.callId }),
)
await run('conferences.get: one left', () => voice.conferences.get({ conferenceId: 'node room' }))
await run('conferences.kickAll', () => voice.conferences.kickAll({ conferenceId: 'node room' }))
await run('applications.assignNumbers', () =>
  voice.applications.assignNumbers({
    assignNumbersRequestBody: { numbers: [number], applicationkey: APP_KEY, capability: 'voice' },
  }),
)
await run('applications.listNumbers', () => voice.applications.listNumbers())
await run('applications.unassignNumber', () =>
  voice.applications.unassignNumber({
    unassignNumbersRequestBody: { number, applicationkey: APP_KEY, capability: 'voice' },
  }),
)
await run('applications.updateCallbackURLs', () =>
  voice.applications.updateCallbackURLs({
    applicationkey: APP_KEY,
    updateCallbacksRequestBody: { url: { primary: 'https://a.example/x', fallback: 'https://b.example/x' } },
  }),
)
await run('applications.getCallbackURLs', () => voice.applications.getCallbackURLs({ applicationkey: APP_KEY }))
await run('applications.queryNumber', () => voice.applications.queryNumber({ number: '+1 201 555 5555' }))
await run('error: unknown call', () => voice.calls.get({ callId: 'nobody' }))
await run('error: wrong secret', () => client('d3Jvbmc=').applications.listNumbers())

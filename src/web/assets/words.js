// What the page says, in English and Chinese. Knows nothing of lessons or video.

const ENGLISH = {
  lang: "en",
  loading: "One moment…",
  soon: "The lesson has not started yet",
  soonDetail: "This page starts by itself.",
  starting: "The lesson is starting",
  startingDetail: "The picture comes in a moment.",
  refused: "This lesson is not being recorded",
  stopped: "The recording has stopped",
  faulty: "Picture and sound",
  preparing: "The lesson is over",
  preparingDetail: "The replay is being prepared.",
  nothing: "There is no recording of this lesson",
  closed: "This lesson cannot be shown",
  address: "This address names no lesson.",
  lost: "The connection to the box is lost. Trying again…",
  between: "The lesson is over. The replay is being prepared.",
  ended: "The lesson is over. You are watching the replay.",
  colon: ": ",
  live: "Live",
  replay: "Replay",
  waiting: "Soon",
  toLive: "Back to live",
  atLive: "Live",
  lesson: (number) => "Lesson " + number,
  teacher: (name) => name,
  members: (n) => (n === 1 ? "1 person" : n + " people"),
  cameraOn: (rooms) => "Camera and microphone are on: " + rooms,
  kept: (day) => "Kept until " + day,
  play: "Play",
  pause: "Pause",
  back: "Ten seconds back",
  ahead: "Ten seconds ahead",
  mute: "Mute",
  unmute: "Turn on sound",
  seek: "Position in the lesson",
  of: (a, b) => a + " of " + b,
  speed: "Speed",
  download: "Download the recording",
  slides: "Slides",
  swap: "Swap teacher and slides",
  full: "Full screen",
  window: "Leave full screen",
  controls: "Playback",
  clock: "Time since the lesson started",
  joining: "Joining the lesson",
  apply: "Apply to join",
  applyAgain: "Apply again",
  applied: "The teacher has your application.",
  accepted: "The teacher has let you join.",
  refusedJoin: "The teacher has not let you join.",
  unhandled: "Nobody answered within a minute.",
  notSent: "That did not work: ",
  moderator: "Who wants to join",
  logIn: "Log in",
  logInDetail: "This page is for the teacher of the lesson.",
  handle: "User name",
  password: "Password",
  otherUser: "Log in as somebody else",
  wantsIn: (name) => name + " wants to join",
  nobodyWaits: "Nobody is waiting.",
  waitingNow: "Waiting",
  answered: "Answered",
  accept: "Accept",
  refuse: "Refuse",
  acceptName: (name) => "Accept " + name,
  refuseName: (name) => "Refuse " + name,
  secondsLeft: (seconds) => seconds + " s left",
  states: { accepted: "accepted", refused: "refused", unhandled: "not answered in time" },
  late: (name) => "Too late: " + name + " was answered already, or a minute has passed.",
  notLive: "The lesson is not running.",
  lostLink: "The connection to the box is lost. Trying again…",
};

const CHINESE = {
  lang: "zh",
  loading: "请稍候…",
  soon: "课程尚未开始",
  soonDetail: "开始后本页会自动播放。",
  starting: "课程正在开始",
  startingDetail: "画面马上就来。",
  refused: "本节课没有录制",
  stopped: "录制已停止",
  faulty: "画面与声音",
  preparing: "课程已结束",
  preparingDetail: "正在准备回放。",
  nothing: "本节课没有录像",
  closed: "无法显示本节课",
  address: "此地址没有对应的课程。",
  lost: "与课堂盒子的连接已断开，正在重试…",
  between: "课程已结束，正在准备回放。",
  ended: "课程已结束，正在播放回放。",
  colon: "：",
  live: "直播",
  replay: "回放",
  waiting: "即将开始",
  toLive: "回到直播",
  atLive: "直播",
  lesson: (number) => "课程 " + number,
  teacher: (name) => "教师：" + name,
  members: (n) => n + " 人",
  cameraOn: (rooms) => "摄像头和麦克风已开启：" + rooms,
  kept: (day) => "保留至 " + day,
  play: "播放",
  pause: "暂停",
  back: "后退十秒",
  ahead: "前进十秒",
  mute: "静音",
  unmute: "打开声音",
  seek: "课程进度",
  of: (a, b) => a + "，共 " + b,
  speed: "播放速度",
  download: "下载录像",
  slides: "课件画面",
  swap: "交换教师与课件画面",
  full: "全屏",
  window: "退出全屏",
  controls: "播放控制",
  clock: "已上课时间",
  joining: "加入互动",
  apply: "申请加入互动",
  applyAgain: "再次申请",
  applied: "已向老师提出申请。",
  accepted: "老师已同意您加入。",
  refusedJoin: "老师没有同意您加入。",
  unhandled: "一分钟内没有人处理您的申请。",
  notSent: "操作未成功：",
  moderator: "申请加入的人",
  logIn: "登录",
  logInDetail: "本页面供本节课的教师使用。",
  handle: "用户名",
  password: "密码",
  otherUser: "换一个用户登录",
  wantsIn: (name) => name + " 申请加入",
  nobodyWaits: "暂无等待的申请。",
  waitingNow: "等待中",
  answered: "已处理",
  accept: "同意",
  refuse: "拒绝",
  acceptName: (name) => "同意 " + name,
  refuseName: (name) => "拒绝 " + name,
  secondsLeft: (seconds) => "还剩 " + seconds + " 秒",
  states: { accepted: "已同意", refused: "已拒绝", unhandled: "未及时处理" },
  late: (name) => "太迟了：" + name + " 已处理，或已超过一分钟。",
  notLive: "课程未在进行。",
  lostLink: "与课堂盒子的连接已断开，正在重试…",
};

/** The first language of the browser that we speak. */
export function choose(languages) {
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return CHINESE;
    if (/^en\b/i.test(language)) return ENGLISH;
  }
  return ENGLISH;
}

/** Writes the words into the elements that ask for one. */
export function dress(root, words) {
  root.documentElement.lang = words.lang;
  for (const element of root.querySelectorAll("[data-text]")) {
    element.textContent = words[element.dataset.text];
  }
  for (const element of root.querySelectorAll("[data-label]")) {
    label(element, words[element.dataset.label]);
  }
}

/** The name of a control: for people who hear the page, and as a tip for those who point. */
export function label(element, text) {
  if (element.getAttribute("aria-label") === text) return;
  element.setAttribute("aria-label", text);
  if (element.matches("button, a")) element.title = text;
}

/** 65 -> "1:05", 3665 -> "1:01:05". */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const two = (n) => (n < 10 ? "0" + n : String(n));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? h + ":" + two(m) + ":" + two(s) : m + ":" + two(s);
}

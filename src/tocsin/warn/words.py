"""The words of a warning in three languages: one catalogue each, same keys, same numbers.

What an object did without being seen is never said: nothing here states that it crossed or came down
anywhere.
"""

from typing import Final, Literal

from msgspec import Struct

from tocsin.model.label import Nation, Plane
from tocsin.model.warning import Certainty, MsgType, ThreatKind

Lang = Literal["en", "ko", "ja"]
LANGS: Final[tuple[Lang, ...]] = ("en", "ko", "ja")
TAGS: Final[dict[Lang, str]] = {"en": "en-US", "ko": "ko-KR", "ja": "ja-JP"}
"""RFC 5646 tags as CAP's <language> carries them."""

MARKS: Final[dict[Plane, dict[Lang, str]]] = {
    Plane.REAL: {"en": "", "ko": "", "ja": ""},
    Plane.EXERCISE: {
        "en": "EXERCISE EXERCISE EXERCISE",
        "ko": "훈련 훈련 훈련",
        "ja": "訓練 訓練 訓練",
    },
    Plane.TEST: {"en": "TEST TEST TEST", "ko": "시험 시험 시험", "ja": "試験 試験 試験"},
}


class Labels(Struct, frozen=True):
    """The six questions that every warning answers; the first word of a line each."""

    who: str
    when: str
    where: str
    what: str
    why: str
    action: str

    def all(self) -> tuple[str, ...]:
        """In the order in which they stand in a message."""
        return (self.who, self.when, self.where, self.what, self.why, self.action)


class AtSea(Struct, frozen=True):
    """What is said otherwise to ships and aircraft in sea areas."""

    headlines: dict[MsgType, str]
    headline_corrected: str
    act: str
    act_lifted: str


class Words(Struct, frozen=True):
    """One language's catalogue. Braces are filled by texts.py; every catalogue fills the same ones."""

    labels: Labels
    colon: str
    comma: str
    nations: dict[Nation, str]
    desk: str
    plane_note: dict[Plane, str]
    event: str
    headlines: dict[MsgType, str]
    headline_corrected: str
    headline_withdrawn: str
    more: str
    issued: str
    threats: dict[ThreatKind, str]
    launched: str
    launched_sometime: str
    objects: str
    replaces: str
    corrects: str
    lifts: str
    withdraws: str
    why: dict[Certainty, str]
    why_region: str
    why_lifted: str
    why_lifted_lost: str
    why_lifted_desk: str
    why_withdrawn: str
    act: str
    act_lifted: str
    sea: AtSea


EN: Final = Words(
    labels=Labels("Who", "When", "Where", "What", "Why", "What to do"),
    colon=": ",
    comma=", ",
    nations={Nation.USA: "the United States", Nation.KOR: "the Republic of Korea", Nation.JPN: "Japan"},
    desk="Missile warning desk of {nation} (tocsin)",
    plane_note={
        Plane.REAL: "",
        Plane.EXERCISE: "This is an exercise.",
        Plane.TEST: "This is a test.",
    },
    event="Missile launch information",
    headlines={
        MsgType.ALERT: "Missile warning for {areas}. Take shelter now.",
        MsgType.UPDATE: "Missile warning updated for {areas}. Take shelter now.",
        MsgType.CANCEL: "Missile warning lifted for {areas}.",
    },
    headline_corrected="Missile warning corrected: now for {areas}. Take shelter now.",
    headline_withdrawn="Missile warning withdrawn for {areas}: it was issued in error.",
    more="{count} more areas",
    issued="Issued {time}.",
    threats={
        ThreatKind.OVERFLIGHT: "{area} (may pass overhead, from about {time})",
        ThreatKind.IMPACT: "{area} (may come down here, from about {time})",
    },
    launched="A missile appears to have been launched at about {time}.",
    launched_sometime="A missile appears to have been launched.",
    objects="Number of objects: {count}.",
    replaces="This replaces the message issued {time}. "
    "Areas not named here are no longer under this warning.",
    corrects="This corrects the message issued {time}. "
    "Areas not named here are no longer under this warning.",
    lifts="The warning issued {time} is lifted for these areas.",
    withdraws="The warning issued {time} was issued in error and is withdrawn.",
    why={
        Certainty.OBSERVED: "Sensors are tracking the object. Areas and times are predictions.",
        Certainty.LIKELY: "Sensors do not see the object at this moment. "
        "Areas and times are predictions from its last track.",
        Certainty.POSSIBLE: "Tracking of the object is lost and its position is not known. "
        "Areas and times were predicted before the loss.",
    },
    why_region="Sensors are tracking the object, and it changes its course: where it may come down cannot be "
    "predicted. These are the areas that it may reach.",
    why_lifted="The object is no longer expected to reach these areas.",
    why_lifted_lost="Tracking of the object was lost and its point of impact was not observed. "
    "The time for which the warning was given is over.",
    why_lifted_desk="The warning desk has ended the warning for these areas.",
    why_withdrawn="The warning desk has withdrawn the warning.",
    act="Go into a sturdy building or underground now. If there is none nearby, take cover behind something "
    "solid, or lie face down and protect your head. Indoors, keep away from windows or move to a room "
    "without windows. Do not go near suspicious objects; report them to the police or the fire service. "
    "Wait for the next message.",
    act_lifted="You may leave your shelter. Do not go near suspicious objects or debris; "
    "report them to the police or the fire service. Follow your local authorities.",
    sea=AtSea(
        headlines={
            MsgType.ALERT: "Missile warning for ships and aircraft: {areas}. Keep a lookout.",
            MsgType.UPDATE: "Missile warning for ships and aircraft: now {areas}. Keep a lookout.",
            MsgType.CANCEL: "Missile warning for ships and aircraft lifted: {areas}.",
        },
        headline_corrected="Missile warning for ships and aircraft corrected: now {areas}. Keep a lookout.",
        act="Ships: leave these areas where that is safe; inside them keep a lookout, keep people under "
        "cover and listen to navigational warnings. Aircraft: follow air traffic control. Do not go near "
        "objects in the water or take them on board; report them to the coast guard. "
        "Wait for the next message.",
        act_lifted="Ships and aircraft may go on. Do not go near unknown objects in the water or take them "
        "on board; report them to the coast guard.",
    ),
)

KO: Final = Words(
    labels=Labels("발표", "일시", "대상 지역", "내용", "근거", "행동 요령"),
    colon=": ",
    comma=", ",
    nations={Nation.USA: "미국", Nation.KOR: "대한민국", Nation.JPN: "일본"},
    desk="{nation} 미사일 경보 담당 (tocsin)",
    plane_note={
        Plane.REAL: "",
        Plane.EXERCISE: "이것은 훈련입니다.",
        Plane.TEST: "이것은 시험입니다.",
    },
    event="미사일 발사 정보",
    headlines={
        MsgType.ALERT: "미사일 발사 정보. 대상 지역: {areas}. 즉시 대피하십시오.",
        MsgType.UPDATE: "미사일 발사 정보 갱신. 대상 지역: {areas}. 즉시 대피하십시오.",
        MsgType.CANCEL: "미사일 발사 정보 해제. 대상 지역: {areas}.",
    },
    headline_corrected="미사일 발사 정보 정정. 대상 지역: {areas}. 즉시 대피하십시오.",
    headline_withdrawn="미사일 발사 정보 취소. 대상 지역: {areas}. 잘못 발표된 정보입니다.",
    more="그 밖의 {count}개 지역",
    issued="{time} 발표.",
    threats={
        ThreatKind.OVERFLIGHT: "{area} ({time}경부터 상공 통과 가능성)",
        ThreatKind.IMPACT: "{area} ({time}경부터 낙하 가능성)",
    },
    launched="{time}경 미사일이 발사된 것으로 보입니다.",
    launched_sometime="미사일이 발사된 것으로 보입니다.",
    objects="물체 수: {count}.",
    replaces="이 정보는 {time}에 발표한 정보를 대체합니다. 여기에 없는 지역은 더 이상 대상이 아닙니다.",
    corrects="이 정보는 {time}에 발표한 정보를 정정합니다. 여기에 없는 지역은 더 이상 대상이 아닙니다.",
    lifts="{time}에 이 지역에 발표한 정보를 해제합니다.",
    withdraws="{time}에 발표한 정보는 잘못 발표되었으므로 취소합니다.",
    why={
        Certainty.OBSERVED: "센서가 물체를 추적하고 있습니다. 지역과 시각은 예측입니다.",
        Certainty.LIKELY: "현재 센서에 물체가 포착되지 않고 있습니다. "
        "지역과 시각은 마지막 추적에 따른 예측입니다.",
        Certainty.POSSIBLE: "물체의 추적이 끊겨 현재 위치를 알 수 없습니다. "
        "지역과 시각은 추적이 끊기기 전의 예측입니다.",
    },
    why_region="센서가 물체를 추적하고 있으나 물체가 진로를 바꾸고 있어 낙하 지점을 예측할 수 없습니다. "
    "이 지역은 물체가 도달할 가능성이 있는 지역입니다.",
    why_lifted="물체가 이 지역에 도달할 것으로 더 이상 예상되지 않습니다.",
    why_lifted_lost="물체의 추적이 끊겨 낙하 지점은 확인되지 않았습니다. "
    "이 정보에서 주의를 요청한 시간이 끝났습니다.",
    why_lifted_desk="경보 담당이 이 지역에 대한 정보를 해제하였습니다.",
    why_withdrawn="경보 담당이 이 정보를 취소하였습니다.",
    act="즉시 튼튼한 건물 안이나 지하로 대피하십시오. "
    "가까이에 건물이 없으면 튼튼한 구조물 뒤에 몸을 숨기거나 바닥에 엎드려 머리를 보호하십시오. "
    "실내에서는 창문에서 떨어지거나 창문이 없는 방으로 이동하십시오. "
    "수상한 물체에 접근하지 말고 경찰이나 소방에 신고하십시오. 다음 정보를 기다리십시오.",
    act_lifted="대피 장소에서 나와도 됩니다. "
    "수상한 물체나 파편에 접근하지 말고 경찰이나 소방에 신고하십시오. "
    "지방자치단체의 안내에 따르십시오.",
    sea=AtSea(
        headlines={
            MsgType.ALERT: "선박·항공기 대상 미사일 발사 정보. 대상 해역: {areas}. 주변을 경계하십시오.",
            MsgType.UPDATE: "선박·항공기 대상 미사일 발사 정보 갱신. 대상 해역: {areas}. "
            "주변을 경계하십시오.",
            MsgType.CANCEL: "선박·항공기 대상 미사일 발사 정보 해제. 대상 해역: {areas}.",
        },
        headline_corrected="선박·항공기 대상 미사일 발사 정보 정정. 대상 해역: {areas}. 주변을 경계하십시오.",
        act="선박: 안전하게 할 수 있으면 이 해역에서 벗어나십시오. 해역 안에서는 주변을 경계하고, "
        "사람을 선내로 대피시키고, 항행 경보를 청취하십시오. 항공기: 항공교통관제의 지시에 따르십시오. "
        "물에 떠 있는 수상한 물체에 접근하거나 건져 올리지 말고 해양경찰 등 관계 기관에 신고하십시오. "
        "다음 정보를 기다리십시오.",
        act_lifted="선박과 항공기는 운항을 계속해도 됩니다. 물에 떠 있는 수상한 물체에 접근하거나 "
        "건져 올리지 말고 해양경찰 등 관계 기관에 신고하십시오.",
    ),
)

JA: Final = Words(
    labels=Labels("発表", "日時", "対象地域", "内容", "理由", "とるべき行動"),
    colon=": ",
    comma="、",
    nations={Nation.USA: "米国", Nation.KOR: "韓国", Nation.JPN: "日本"},
    desk="{nation}ミサイル警報担当(tocsin)",
    plane_note={
        Plane.REAL: "",
        Plane.EXERCISE: "これは訓練です。",
        Plane.TEST: "これは試験です。",
    },
    event="ミサイル発射情報",
    headlines={
        MsgType.ALERT: "ミサイル発射情報。対象地域: {areas}。直ちに避難してください。",
        MsgType.UPDATE: "ミサイル発射情報(更新)。対象地域: {areas}。直ちに避難してください。",
        MsgType.CANCEL: "ミサイル発射情報(解除)。対象地域: {areas}。",
    },
    headline_corrected="ミサイル発射情報(訂正)。対象地域: {areas}。直ちに避難してください。",
    headline_withdrawn="ミサイル発射情報(取消)。対象地域: {areas}。誤って発表されたものです。",
    more="ほか{count}地域",
    issued="{time} 発表。",
    threats={
        ThreatKind.OVERFLIGHT: "{area}({time}ごろから上空を通過するおそれ)",
        ThreatKind.IMPACT: "{area}({time}ごろから落下するおそれ)",
    },
    launched="{time}ごろ、ミサイルが発射されたものとみられます。",
    launched_sometime="ミサイルが発射されたものとみられます。",
    objects="物体の数: {count}。",
    replaces="この情報は{time}に発表した情報に代わるものです。ここに記載のない地域は対象から外れました。",
    corrects="この情報は{time}に発表した情報を訂正するものです。ここに記載のない地域は対象から外れました。",
    lifts="{time}にこの地域に発表した情報を解除します。",
    withdraws="{time}に発表した情報は誤って発表されたものであり、取り消します。",
    why={
        Certainty.OBSERVED: "センサーが物体を追尾しています。地域と時刻は予測です。",
        Certainty.LIKELY: "現在、センサーは物体を捉えていません。地域と時刻は、最後の追尾に基づく予測です。",
        Certainty.POSSIBLE: "物体の追尾が途絶え、現在の位置は分かっていません。"
        "地域と時刻は、追尾が途絶える前の予測です。",
    },
    why_region="センサーが物体を追尾していますが、物体は進路を変えており、落下地点を予測できません。"
    "これらは物体が到達するおそれのある地域です。",
    why_lifted="物体がこの地域に到達するとは予想されなくなりました。",
    why_lifted_lost="物体の追尾が途絶えたため、落下地点は確認されていません。"
    "この情報で注意を呼びかけた時間は終わりました。",
    why_lifted_desk="警報担当がこの地域への情報を解除しました。",
    why_withdrawn="警報担当がこの情報を取り消しました。",
    act="直ちに頑丈な建物の中、又は地下に避難してください。近くに建物がない場合は、物陰に身を隠すか、"
    "地面に伏せて頭部を守ってください。屋内にいる場合は、窓から離れるか、窓のない部屋に移動してください。"
    "不審な物には近寄らず、警察や消防に連絡してください。次の情報をお待ちください。",
    act_lifted="避難をやめてもかまいません。不審な物や破片には近寄らず、警察や消防に連絡してください。"
    "お住まいの自治体の案内に従ってください。",
    sea=AtSea(
        headlines={
            MsgType.ALERT: "船舶・航空機向けミサイル発射情報。対象海域: {areas}。周囲を警戒してください。",
            MsgType.UPDATE: "船舶・航空機向けミサイル発射情報(更新)。対象海域: {areas}。"
            "周囲を警戒してください。",
            MsgType.CANCEL: "船舶・航空機向けミサイル発射情報(解除)。対象海域: {areas}。",
        },
        headline_corrected="船舶・航空機向けミサイル発射情報(訂正)。対象海域: {areas}。"
        "周囲を警戒してください。",
        act="船舶は、安全にできる場合はこの海域から離れてください。海域内では見張りを強め、人を船内に退避させ、"
        "航行警報を聴取してください。航空機は、航空交通管制の指示に従ってください。海上の不審な物には近寄らず、"
        "引き揚げずに、海上保安機関に通報してください。次の情報をお待ちください。",
        act_lifted="船舶・航空機は航行を続けてもかまいません。海上の不審な物には近寄らず、引き揚げずに、"
        "海上保安機関に通報してください。",
    ),
)

WORDS: Final[dict[Lang, Words]] = {"en": EN, "ko": KO, "ja": JA}

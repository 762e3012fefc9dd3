"""The modules that an Asterisk of this project must have, and the proof that an unpacked one has them.

A module can be loaded when its file is there, every library that it links, directly or through another one, is
there, and every symbol that they use is offered by one of them, by Asterisk itself or by another needed module.
`NEEDED` is wider than what today's configuration loads, so that a centre's own dialplan finds the usual applications
and functions.
"""

from pathlib import Path

from . import elf
from .error import WAY_OUT, AsteriskIncomplete

_NOTHING = elf.Image((), frozenset(), frozenset())

NEEDED: tuple[str, ...] = (
    # What others stand on.
    "res_agi", "res_cdrel_custom", "res_clialiases", "res_crypto", "res_format_attr_h264", "res_format_attr_opus",
    "res_geolocation", "res_http_websocket", "res_manager_devicestate", "res_manager_presencestate",
    "res_musiconhold", "res_mutestream", "res_parking", "res_prometheus", "res_realtime", "res_rtp_asterisk",
    "res_rtp_multicast", "res_security_log", "res_sorcery_astdb", "res_sorcery_config", "res_sorcery_memory",
    "res_sorcery_memory_cache", "res_sorcery_realtime", "res_speech", "res_srtp", "res_stasis", "res_timing_timerfd",
    "res_tonedetect", "res_websocket_client",
    # SIP.
    "chan_pjsip", "res_pjproject", "res_pjsip", "res_pjsip_acl", "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id", "res_pjsip_config_wizard", "res_pjsip_dialog_info_body_generator", "res_pjsip_diversion",
    "res_pjsip_dlg_options", "res_pjsip_dtmf_info", "res_pjsip_empty_info", "res_pjsip_endpoint_identifier_anonymous",
    "res_pjsip_endpoint_identifier_ip", "res_pjsip_endpoint_identifier_user", "res_pjsip_exten_state",
    "res_pjsip_geolocation", "res_pjsip_header_funcs", "res_pjsip_history", "res_pjsip_logger",
    "res_pjsip_maintenance", "res_pjsip_messaging", "res_pjsip_mwi", "res_pjsip_mwi_body_generator", "res_pjsip_nat",
    "res_pjsip_notify", "res_pjsip_one_touch_record_info", "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_publish", "res_pjsip_outbound_registration", "res_pjsip_path",
    "res_pjsip_pidf_body_generator", "res_pjsip_publish_asterisk", "res_pjsip_pubsub", "res_pjsip_refer",
    "res_pjsip_registrar", "res_pjsip_rfc3326", "res_pjsip_rfc3329", "res_pjsip_sdp_rtp",
    "res_pjsip_send_to_voicemail", "res_pjsip_session", "res_pjsip_sips_contact", "res_pjsip_t38",
    "res_pjsip_transport_websocket", "res_pjsip_xpidf_body_generator",
    # Other ways in and out.
    "chan_audiosocket", "chan_bridge_media", "chan_rtp", "chan_websocket", "res_audiosocket",
    # Joining channels.
    "bridge_builtin_features", "bridge_builtin_interval_features", "bridge_holding", "bridge_native_rtp",
    "bridge_simple", "bridge_softmix",
    # Voice.
    "codec_a_mu", "codec_adpcm", "codec_alaw", "codec_g722", "codec_g726", "codec_gsm", "codec_opus_open_source",
    "codec_resample", "codec_ulaw", "format_g726", "format_gsm", "format_pcm", "format_sln", "format_wav",
    "format_wav_gsm",
    # Records.
    "app_cdr", "app_celgenuserevent", "app_forkcdr", "cdr_csv", "cdr_custom", "cdr_manager", "cel_custom",
    "cel_manager",
    # The dialplan and its words.
    "pbx_config", "pbx_loopback", "pbx_spool",
    "app_agent_pool", "app_amd", "app_attended_transfer", "app_audiosocket", "app_authenticate", "app_blind_transfer",
    "app_bridgeaddchan", "app_bridgewait", "app_broadcast", "app_chanisavail", "app_channelredirect", "app_chanspy",
    "app_confbridge", "app_controlplayback", "app_db", "app_dial", "app_directed_pickup", "app_dtmfstore",
    "app_dumpchan", "app_echo", "app_exec", "app_externalivr", "app_if", "app_milliwatt", "app_mixmonitor",
    "app_originate", "app_page", "app_playback", "app_playtones", "app_queue", "app_read", "app_readexten",
    "app_record", "app_reload", "app_sayunixtime", "app_senddtmf", "app_sendtext", "app_softhangup",
    "app_speech_utils", "app_stack", "app_stream_echo", "app_system", "app_talkdetect", "app_transfer",
    "app_userevent", "app_verbose", "app_waitforcond", "app_waitforring", "app_waitforsilence", "app_waituntil",
    "app_while",
    "func_aes", "func_base64", "func_blacklist", "func_callcompletion", "func_callerid", "func_cdr", "func_channel",
    "func_config", "func_cut", "func_db", "func_devstate", "func_dialgroup", "func_dialplan", "func_env",
    "func_evalexten", "func_export", "func_extstate", "func_frame_drop", "func_global", "func_groupcount",
    "func_hangupcause", "func_holdintercept", "func_iconv", "func_jitterbuffer", "func_json", "func_lock",
    "func_logic", "func_math", "func_md5", "func_module", "func_periodic_hook", "func_pitchshift", "func_pjsip_aor",
    "func_pjsip_contact", "func_pjsip_endpoint", "func_presencestate", "func_rand", "func_realtime", "func_sayfiles",
    "func_sha1", "func_shell", "func_sorcery", "func_speex", "func_sprintf", "func_strings", "func_sysinfo",
    "func_talkdetect", "func_timeout", "func_uri", "func_uuid", "func_version", "func_volume",
)  # fmt: skip


def missing(program: Path, modules: Path, libraries: Path, names: tuple[str, ...] = NEEDED) -> list[str]:
    """Return what is missing for the program and the named modules, a phrase each; an empty list is good.

    `libraries` is the one folder in which the loader will look.
    """
    problems: list[str] = []
    images: dict[Path, elf.Image] = {}
    wanted_by: dict[Path, Path] = {}
    waiting = [program, *(modules / f"{name}.so" for name in names)]
    while waiting:
        path = waiting.pop()
        if path in images:
            continue
        images[path] = _NOTHING
        try:
            images[path] = elf.read(path)
        except FileNotFoundError:
            problems.append(f"{path.name}, linked by {wanted_by[path].name}" if path in wanted_by else path.name)
        except ValueError as error:
            problems.append(str(error))
        linked = [libraries / soname for soname in images[path].needed]
        wanted_by |= {library: path for library in linked if library not in wanted_by}
        waiting += linked
    offered = frozenset().union(*(image.defined for image in images.values()))
    for path, image in images.items():
        if absent := image.undefined - offered:
            problems.append(f"the symbol {min(absent)} that {path.name} uses")
    return sorted(problems)


def check(program: Path, modules: Path, libraries: Path, names: tuple[str, ...] = NEEDED) -> None:
    """Raise AsteriskIncomplete, naming what is missing, unless everything named can be loaded."""
    problems = missing(program, modules, libraries, names)
    if problems:
        raise AsteriskIncomplete(f"the unpacked Asterisk lacks {'; '.join(problems)}. {WAY_OUT}")
